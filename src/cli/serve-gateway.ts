/** `serve` as one process: the gateway runs in it. */
import { EventEmitter } from 'node:events';
import { type GatewayError, inexactExitCode } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import type { Config } from '../config/serve-settings.ts';
import { endGateway } from '../gateway/end.ts';
import type { GatewayEvents } from '../gateway/events.ts';
import { Gateway } from '../gateway/gateway.ts';
import type { CliIo } from './io.ts';
import { logListening, untilStopped } from './serving.ts';

export async function serveGateway(config: Config, io: CliIo): Promise<number> {
  const log = createLog(config.logLevel, config.logFormat);
  const events = new EventEmitter<GatewayEvents>();
  const gateway = new Gateway(config, log, { events });
  logListening(log, config, await gateway.start());
  const failed = new Promise<GatewayError>((resolve) => events.once('failed', resolve));
  const failure = await Promise.race([failed, untilStopped(io)]);
  const { isExact } = await endGateway(gateway, log, failure);
  if (failure !== null) throw failure;
  return isExact ? 0 : inexactExitCode;
}
