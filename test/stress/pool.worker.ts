/** Takes and releases rings as fast as it can, and looks whether anyone else has the same one, or left anything in it. */
import { parentPort, workerData } from 'node:worker_threads';
import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringState } from '../../src/memory/states.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { RingWriter } from '../../src/ring/writer.ts';
import { generator } from '../support/seed.ts';
import { writeCanary } from './canary.ts';
import type { PoolData, Report } from './messages.ts';

const { memory: handle, seed, durationMs, owners, name } = workerData as PoolData;
const memory = SharedMemory.attach(handle);
const pool = new RingPool(memory);
const random = generator(seed + name);
const id = Buffer.from(`participant ${name}`);
const until = performance.now() + durationMs;
const held: number[] = [];

let fault = '';
let rings = 0;
let frames = 0;

/** A ring of the pool is all zeros, but for its generation. */
function isClean(index: number): boolean {
  const { i32 } = memory.slabOf(index);
  const own = memory.ringOffset(index);
  const slots = memory.slotsOffset(index);
  for (let at = own + ring.state; at < own + ring.end; at += 4) if (i32[at / 4] !== 0) return false;
  for (let at = slots; at < slots + memory.slotsBytes; at += 4) if (i32[at / 4] !== 0) return false;
  return true;
}

function take(): void {
  const index = pool.take();
  if (index < 0) return;
  rings++;
  const owner = Atomics.compareExchange(owners, index, 0, name);
  if (owner !== 0) fault ||= `ring ${index} is ${owner}'s and ${name}'s`;
  if (!isClean(index)) fault ||= `ring ${index} came back dirty`;
  const writer = new RingWriter(memory, index);
  writer.open(16_000, id, 0, id.length);
  for (let n = Math.floor(random() * 6); n > 0; n--) writeCanary(writer, name, frames++);
  held.push(index);
}

function giveBack(): void {
  const index = held.splice(Math.floor(random() * held.length), 1)[0];
  if (index === undefined) return;
  if (memory.slabOf(index).i32[(memory.ringOffset(index) + ring.state) / 4] !== ringState.live) {
    fault ||= `ring ${index} was released under ${name}`;
  }
  Atomics.store(owners, index, 0);
  pool.release(index);
}

while (performance.now() < until && fault === '') {
  for (let n = 0; n < 100; n++) {
    if (random() < 0.5) take();
    else giveBack();
  }
}
while (held.length > 0) giveBack();
parentPort!.postMessage({ fault, frames, lapped: 0, rings } satisfies Report);
