/** Reads the rings of the calls, and notes when it saw each frame. It does nothing else, so it never returns to its event loop. */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { RingHandle } from '../../src/reader/handle.ts';
import { RingReader } from '../../src/reader/ring-reader.ts';
import { Frame } from '../../src/ring/frame.ts';
import { lookMs, type Samples } from './probe.ts';

const readers = new Map<RingReader, [number, number, number][]>();
const told: Samples[] = [];
const frame = new Frame();
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function take(message: RingHandle | 'tell'): void {
  if (message === 'tell') {
    parentPort!.postMessage(told);
    return;
  }
  const reader = new RingReader(message);
  // Attackers give no id: their rings are to be as if nobody read them.
  if (message.callConnectionId === null) {
    reader.close();
    return;
  }
  const frames: [number, number, number][] = [];
  told.push({ callConnectionId: message.callConnectionId, frames });
  readers.set(reader, frames);
}

for (;;) {
  for (let got = receiveMessageOnPort(parentPort!); got !== undefined; got = receiveMessageOnPort(parentPort!)) {
    take(got.message);
  }
  const nowMs = performance.now();
  const wallMs = Date.now();
  for (const [reader, frames] of readers) {
    let result = reader.read(frame);
    for (; result === 'frame'; result = reader.read(frame)) {
      frames.push([frame.timestampMs, wallMs - (nowMs - frame.arrivalMs), wallMs]);
    }
    if (result !== 'empty') readers.delete(reader);
  }
  Atomics.wait(sleeper, 0, 0, lookMs);
}
