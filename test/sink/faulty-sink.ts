/**
 * Loaded before the gateway, in each of its threads (`--import`): a sink's thread dies in the middle of a reading when it
 * finds a file with the way of dying in it, and takes the file away. The only way to have the real process meet such a fault.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { eventually } from '../support/gateway-process.ts';
import { nodeOptions } from '../support/node-options.ts';
import { productModule } from '../support/product-module.ts';

export const sinkFaults = ['exit', 'throw', 'memory', 'buffers'] as const;
export type SinkFault = (typeof sinkFaults)[number];

const variable = 'ACS_TEST_SINK_FAULT';

/** The environment of a gateway whose sinks can be told to die by `killSink(folder, …)`. */
export function faultySinks(folder: string): Record<string, string> {
  return { NODE_OPTIONS: nodeOptions(import.meta.url), [variable]: join(folder, 'fault') };
}

/** Has a sink's thread die, and waits until one has taken the order. */
export async function killSink(folder: string, fault: SinkFault): Promise<void> {
  const path = join(folder, 'fault');
  // Under its name only when it is whole.
  writeFileSync(`${path}-new`, fault);
  renameSync(`${path}-new`, path);
  await eventually(() => !existsSync(path));
}

/** Takes the order, if there is one: renaming is what only one of two threads can do. */
function takeOrder(path: string): string {
  if (!existsSync(path)) return '';
  const mine = `${path}-${threadId}`;
  try {
    renameSync(path, mine);
    return readFileSync(mine, 'utf8');
  } catch {
    return '';
  }
}

function die(fault: string): void {
  if (fault === 'exit') process.exit(7);
  // Nobody guards a timer's callback. The thread continues for a moment: what it does then must not count twice.
  if (fault === 'throw') setImmediate(() => Promise.reject(new Error('outside of every guard')));
  const kept: unknown[] = [];
  // Outside of the heap, whose limit bounds nothing of it.
  if (fault === 'buffers') setInterval(() => kept.push(Buffer.alloc(64 * 2 ** 20)), 20);
  if (fault !== 'memory') return;
  for (;;) kept.push(new Array(100_000).fill(kept.length));
}

const orders = process.env[variable];
if (orders !== undefined) {
  const { FileTrack } =
    await productModule<typeof import('../../src/sink/files/file-track.ts')>('sink/files/file-track');
  const write = FileTrack.prototype.write;
  let framesToGo = 0;
  let order = '';
  FileTrack.prototype.write = function (frame) {
    write.call(this, frame);
    if (order === '' && frame.sequence % 5 === 0) {
      order = takeOrder(orders);
      // Not with the first frame of a reading: some have been written, others not, and none is noted.
      framesToGo = 7;
    } else if (order !== '' && --framesToGo === 0) die(order);
  };
}
