/** `serve --processes N`: this process is the parent of those that the gateways run in. */
import { inexactExitCode } from '../base/errors.ts';
import { createLog, createRelay } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import { configsOf } from '../config/share.ts';
import { Parent } from '../processes/parent.ts';
import type { CliIo } from './io.ts';
import { logListening, untilStopped } from './serving.ts';

export async function serveProcesses(config: Config, io: CliIo): Promise<number> {
  const log = createLog(config.logLevel, config.logFormat);
  const stderr = (line: string) => io.stderr(`${line}\n`);
  const parent = new Parent({ config, log, stdout: createRelay(config.logFormat), stderr });
  io.ended?.addEventListener('abort', () => parent.kill());
  const ports = await parent.start();
  const workers = configsOf(config).reduce((sum, each) => sum + each.workers, 0);
  logListening(log, { ...config, workers }, ports, { processes: config.processes });
  parent.logStarted();
  io.onReplace?.(() => void parent.replace());
  await untilStopped(io);
  return (await parent.drain()) ? 0 : inexactExitCode;
}
