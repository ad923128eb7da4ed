/** A thread that does what its test says: turns, loops for ever, blocks in a system call, or holds too much memory. */
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { showSigns } from '../../src/thread/thread-signs.ts';
import { block } from '../support/block.ts';

export interface MisbehavingData {
  readonly signs: SharedArrayBuffer;
  /** Nobody writes into it until the test does. */
  readonly pipe: string;
}
export type Order = 'loop' | 'block' | 'leak' | 'exit' | 'close';

const { signs, pipe } = workerData as MisbehavingData;
const port = parentPort!;
const held: Buffer[] = [];

showSigns(signs, 64 * 1024 * 1024, (message) => {
  port.postMessage({ type: 'failed', message });
  process.exit(1);
});
port.on('message', (order: Order) => {
  if (order === 'loop') for (;;) block(20);
  if (order === 'block') readSync(openSync(pipe, 'r'), Buffer.alloc(1));
  if (order === 'leak') for (let n = 0; n < 100; n++) held.push(Buffer.alloc(1024 * 1024));
  if (order === 'exit') process.exit(3);
  if (order === 'close') port.postMessage({ type: 'closed' });
});
port.postMessage({ type: 'ready' });
