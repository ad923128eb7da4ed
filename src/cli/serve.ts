/** The command `serve`: runs the gateway until it is stopped, then drains it. */
import { EventEmitter } from 'node:events';
import { type GatewayError, inexactExitCode } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import { shownSink } from '../config/sink-spec.ts';
import type { GatewayEvents } from '../gateway/events.ts';
import { Gateway } from '../gateway/gateway.ts';
import { configure, type Environment } from './configuration.ts';
import { ensureConsolePage } from './console-page.ts';
import type { CliIo } from './io.ts';
import { serveUsage } from './usage.ts';

/** Returns the exit code. Throws `GatewayError` when the gateway cannot start, or cannot continue. */
export async function serve(argv: readonly string[], environment: Environment, io: CliIo): Promise<number> {
  if (argv.includes('--help')) {
    io.stdout(serveUsage);
    return 0;
  }
  const config = configure(argv, environment);
  if (config.console) await ensureConsolePage(io.stderr);
  const log = createLog(config.logLevel, config.logFormat);
  const events = new EventEmitter<GatewayEvents>();
  const gateway = new Gateway(config, log, { events });
  const { port, adminPort } = await gateway.start();
  const { host, path, adminHost, decoder, workers, sink } = config;
  log.info({
    msg: 'listening',
    host,
    port,
    path,
    adminHost,
    adminPort,
    decoder,
    workers,
    sinks: sink.map(shownSink),
  });

  const failure = await new Promise<GatewayError | null>((resolve) => {
    events.once('failed', resolve);
    if (io.stopped.aborted) resolve(null);
    else io.stopped.addEventListener('abort', () => resolve(null), { once: true });
  });
  // Before the drain: that may find workers that do not answer.
  if (failure !== null) log.fatal({ msg: 'giving up', error: failure.message, ...gateway.account });
  const { isExact, account, streamsCut } = await gateway.drain(failure === null ? config.drainTimeoutMs : 0);
  if (isExact) log.info({ msg: 'drained', streamsCut, ...account });
  else log.error({ msg: 'drained, but the accounting identity is broken', streamsCut, ...account });
  // A gateway that gives up is to be replaced at once.
  if (failure === null) await gateway.lastScrape();
  await gateway.stop();
  if (failure !== null) throw failure;
  return isExact ? 0 : inexactExitCode;
}
