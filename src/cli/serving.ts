/** What `serve` says when it takes streams, and what it waits for then. */
import type { Log } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import { shownSink } from '../config/sink-spec.ts';
import type { CliIo } from './io.ts';

/** The first record. */
export function logListening(
  log: Log,
  { host, path, adminHost, decoder, workers, sink }: Config,
  { port, adminPort }: { readonly port: number; readonly adminPort: number },
  said: object = {},
): void {
  const sinks = sink.map(shownSink);
  log.info({ msg: 'listening', host, port, path, adminHost, adminPort, decoder, workers, sinks, ...said });
}

/** Resolves when the command shall end. */
export function untilStopped({ stopped }: CliIo): Promise<null> {
  return new Promise((resolve) => {
    if (stopped.aborted) resolve(null);
    else stopped.addEventListener('abort', () => resolve(null), { once: true });
  });
}
