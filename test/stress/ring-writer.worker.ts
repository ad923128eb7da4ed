/** Writes a ring as fast as it can, with a nap now and then; in `churn` it gives the ring away under its readers. */
import { parentPort, workerData } from 'node:worker_threads';
import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { RingWriter } from '../../src/ring/writer.ts';
import { generator } from '../support/seed.ts';
import { sleep, writeCanary } from './canary.ts';
import type { Report, WriterData } from './messages.ts';

const { memory: handle, seed, durationMs, mode } = workerData as WriterData;
const memory = SharedMemory.attach(handle);
const pool = new RingPool(memory);
const random = generator(seed);
const noId = new Uint8Array(0);
const until = performance.now() + durationMs;

let frames = 0;
let rings = 0;

function writeUntil(writer: RingWriter, salt: number, isEnough: () => boolean): number {
  let sequence = 0;
  while (!isEnough()) {
    const burst = 1 + Math.floor(random() * 200);
    for (let n = 0; n < burst; n++) writeCanary(writer, salt, sequence++);
    if (random() < 0.05) sleep(random());
  }
  return sequence;
}

if (mode === 'keep') {
  const writer = new RingWriter(memory, 0);
  frames = writeUntil(writer, seed, () => performance.now() >= until);
  rings = 1;
  writer.end();
} else {
  while (performance.now() < until) {
    const writer = new RingWriter(memory, pool.take());
    writer.open(16_000, noId, 0, 0);
    const generation = writer.i32[(writer.at + ring.generation) / 4]!;
    let bursts = Math.floor(random() * 4);
    frames += writeUntil(writer, seed ^ generation, () => bursts-- <= 0);
    writer.end();
    pool.release(writer.index);
    rings++;
  }
}
parentPort!.postMessage({ fault: '', frames, lapped: 0, rings } satisfies Report);
