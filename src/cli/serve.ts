/** The command `serve`: runs the gateway, or several, until it is stopped, then drains it. */
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
  // A parent of several loads nothing of what they do.
  return config.processes > 1
    ? (await import('./serve-processes.ts')).serveProcesses(config, io)
    : (await import('./serve-gateway.ts')).serveGateway(config, io);
}
