/** The command `serve`: runs the gateway until it is told to stop, then drains it. */
import { Gateway } from '../gateway.ts';
import { createLog } from '../log.ts';
import { shownSink } from '../sink/spec.ts';
import { configure, type Environment } from './configuration.ts';
import type { CliIo } from './io.ts';
import { serveUsage } from './usage.ts';

/** Returns the exit code. Throws `GatewayError` when the gateway cannot start. */
export async function serve(argv: readonly string[], environment: Environment, io: CliIo): Promise<number> {
  if (argv.includes('--help')) {
    io.stdout(serveUsage);
    return 0;
  }
  const config = configure(argv, environment);
  const log = createLog(config.logLevel);
  const gateway = new Gateway(config, log);
  const { port, adminPort } = await gateway.start();
  const { host, path, adminHost, decoder, workers, lanes, sink } = config;
  log.info({
    msg: 'listening',
    host,
    port,
    path,
    adminHost,
    adminPort,
    decoder,
    workers,
    lanes,
    sinks: sink.map(shownSink),
  });

  await new Promise<void>((resolve) => {
    if (io.stopped.aborted) resolve();
    else io.stopped.addEventListener('abort', () => resolve(), { once: true });
  });
  const { isExact, account, streamsCut } = await gateway.drain();
  if (isExact) log.info({ msg: 'drained', streamsCut, ...account });
  else log.error({ msg: 'drained, but the accounting identity is broken', streamsCut, ...account });
  await gateway.stop();
  return 0;
}
