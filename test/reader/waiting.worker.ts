/** Reads a ring to its end, blocking, and tells the numbers of its frames. */
import { parentPort, workerData } from 'node:worker_threads';
import { Frame, type RingHandle, RingReader } from '../../src/index.ts';

const reader = new RingReader(workerData as RingHandle);
const frame = new Frame();
const seen: number[] = [];
while (reader.wait(5000) === 'frame') {
  while (reader.read(frame) === 'frame') seen.push(frame.sequence);
}
parentPort!.postMessage(seen);
