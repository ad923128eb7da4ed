/** The end of a gateway that has a process for itself. Main thread. */
import type { GatewayError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { DrainResult } from './drain-result.ts';
import type { Gateway } from './gateway.ts';

/** What a drain came to, as the last word of the log. */
export function logDrained(log: Log, { isExact, account, streamsCut }: DrainResult, said: object = {}): void {
  if (isExact) log.info({ msg: 'drained', streamsCut, ...account, ...said });
  else log.error({ msg: 'drained, but the accounting identity is broken', streamsCut, ...account, ...said });
}

/** Drains and stops it. `failure`: why it gives up; then its streams get no time. */
export async function endGateway(
  gateway: Gateway,
  log: Log,
  failure: GatewayError | null,
  closesPort?: boolean,
): Promise<DrainResult> {
  // Before the drain: that may find workers that do not answer.
  if (failure !== null) log.fatal({ msg: 'giving up', error: failure.message, ...gateway.account });
  const result = await gateway.drain(failure === null ? undefined : 0, closesPort);
  logDrained(log, result);
  // One that gives up is to be replaced at once.
  if (failure === null) await gateway.lastScrape();
  await gateway.stop();
  return result;
}
