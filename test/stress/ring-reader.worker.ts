/** Reads a ring at its own pace and looks at every byte of every frame that it gets. */
import { parentPort, workerData } from 'node:worker_threads';
import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringState } from '../../src/memory/states.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { generator } from '../support/seed.ts';
import { faultOf, sleep } from './canary.ts';
import type { ReaderData, Report } from './messages.ts';

const { memory: handle, seed, pauseMsMax, mode, ring: first, done } = workerData as ReaderData;
const memory = SharedMemory.attach(handle);
const random = generator(seed + pauseMsMax);
const frame = new Frame();

let fault = '';
let frames = 0;
let lapped = 0;
let rings = 0;

/** Reads until the ring has ended or is gone. */
function follow(reader: RingCursor, salt: number): void {
  let result = reader.read(frame);
  for (; (result === 'frame' || result === 'empty') && fault === ''; result = reader.read(frame)) {
    if (result === 'frame') fault = faultOf(frame, salt, reader.framesRead + reader.framesLapped - 1);
    // A nap from time to time; the slower the reader, the more often.
    else sleep(0.05);
    if (pauseMsMax > 0 && random() < 0.02) sleep(random() * pauseMsMax);
  }
  frames += reader.framesRead;
  lapped += reader.framesLapped;
  rings++;
  if (result === 'ended' && reader.lag !== 0 && mode === 'keep') fault ||= `ended with ${reader.lag} frames to read`;
}

if (mode === 'keep') follow(new RingCursor(placeOf(memory, first)), seed);
else {
  const { i32 } = memory.slabOf(first.index);
  const at = memory.ringOffset(first.index);
  while (Atomics.load(done, 0) === 0 && fault === '') {
    const generation = Atomics.load(i32, (at + ring.generation) / 4);
    // Handles are given out for rings that are open: so they are here, or gone before the first look.
    if (Atomics.load(i32, (at + ring.state) / 4) !== ringState.live) continue;
    follow(new RingCursor(placeOf(memory, { index: first.index, generation })), seed ^ generation);
  }
}
parentPort!.postMessage({ fault, frames, lapped, rings } satisfies Report);
