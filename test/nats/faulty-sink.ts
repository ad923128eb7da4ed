/**
 * Loaded before the gateway, in each of its threads (`--import`): the thread of a sink `nats` dies in the middle of a round
 * when it finds a file with the order to, and takes the file away. See faulty-sink.ts, which does the same to sinks of files.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { productModule } from '../support/product-module.ts';

const variable = 'ACS_TEST_NATS_SINK_FAULT';

/** The environment of a gateway whose sinks can be told to die by `killNatsSink(folder)`. */
export function faultyNatsSinks(folder: string): Record<string, string> {
  return { NODE_OPTIONS: nodeOptions(import.meta.url), [variable]: join(folder, 'fault') };
}

/** Has the sink's thread die, and waits until it has taken the order. */
export async function killNatsSink(folder: string): Promise<void> {
  const path = join(folder, 'fault');
  writeFileSync(path, '');
  await eventually(() => !existsSync(path));
}

const order = process.env[variable];
if (order !== undefined) {
  const { NatsTrack } = await productModule<typeof import('../../src/sink/nats/nats-track.ts')>('sink/nats/nats-track');
  const write = NatsTrack.prototype.write;
  let hasOrder = false;
  NatsTrack.prototype.write = function (frame) {
    write.call(this, frame);
    if (hasOrder || frame.sequence % 5 !== 0 || !existsSync(order)) return;
    renameSync(order, `${order}-taken`);
    hasOrder = true;
    // What was written in this turn of the loop is sent before that, and its confirmation never waited for.
    setImmediate(() => process.exit(7));
  };
}
