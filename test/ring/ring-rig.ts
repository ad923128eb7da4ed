/** A few small rings, and frames whose every field follows from their number: what is read shows where it came from. */

import { ring } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { guardSlots } from '../../src/memory/sizes.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { RingWriter } from '../../src/ring/writer.ts';

export function smallMemory(
  ringCount: number,
  ringSlotCount: number,
  laneCount = 1,
): { memory: SharedMemory; pool: RingPool } {
  const memory = SharedMemory.create({
    ringCount,
    ringSlotCount,
    streamCount: 1,
    participantsMax: 1,
    laneCount,
    laneHalfBytes: 1024,
  });
  const pool = new RingPool(memory);
  return { memory, pool };
}

/** All bytes of a ring where they lie: what it is, and its slots. */
export function ringParts(memory: SharedMemory, index: number): readonly [own: Buffer, slots: Buffer] {
  const { bytes } = memory.slabOf(index);
  const [at, slotsAt] = [memory.ringOffset(index), memory.slotsOffset(index)];
  return [bytes.subarray(at, at + ring.end), bytes.subarray(slotsAt, slotsAt + memory.slotsBytes)];
}

/** Takes a ring out of the pool and opens it for a participant. */
export function openRing(memory: SharedMemory, pool: RingPool, id = 'a', sampleRate = 16_000): RingWriter {
  const writer = new RingWriter(memory, pool.take());
  const bytes = Buffer.from(`<${id}>`);
  writer.open(sampleRate, bytes, 1, bytes.length - 1);
  return writer;
}

export function readerOf(memory: SharedMemory, writer: RingWriter): RingCursor {
  const generation = writer.i32[(writer.at + ring.generation) / 4]!;
  return new RingCursor(placeOf(memory, { index: writer.index, generation }));
}

/** Length of frame n: whole ones, and shorter ones of any even length. */
export function bytesOf(n: number): number {
  return n % 3 === 0 ? 640 : 2 + ((n * 74) % 638);
}

function byteOf(n: number, i: number): number {
  return (n * 31 + i * 7 + (n >> 8)) & 0xff;
}

/** Writes frame n. Overwrites all of its slot, as a full frame does. */
export function write(writer: RingWriter, n: number): void {
  const at = writer.nextPcm();
  for (let i = 0; i < 640; i++) writer.bytes[at + i] = byteOf(n, i);
  writer.commit(bytesOf(n), n & 31, n % 5, 1e12 + 20 * n, n + 0.5, 320 * n);
}

export function writeMany(writer: RingWriter, first: number, count: number): void {
  for (let n = first; n < first + count; n++) write(writer, n);
}

/** Throws unless `frame` is frame n, in every field and in every byte. */
export function assertFrame(frame: Frame, n: number): void {
  const { sequence, pcmBytes, flags, missingBefore, timestampMs, arrivalMs, positionSamples } = frame;
  const is = [sequence, pcmBytes, flags, missingBefore, timestampMs, arrivalMs, positionSamples];
  const should = [n, bytesOf(n), n & 31, n % 5, 1e12 + 20 * n, n + 0.5, 320 * n];
  const wrong = is.findIndex((value, i) => value !== should[i]);
  if (wrong >= 0) throw new Error(`frame ${n}: field ${wrong} is ${is[wrong]}, not ${should[wrong]}`);
  for (let i = 0; i < pcmBytes; i++) {
    if (frame.pcm[i] !== byteOf(n, i)) throw new Error(`frame ${n}: byte ${i} is ${frame.pcm[i]}, not ${byteOf(n, i)}`);
  }
}

/** A frame that calls back in the middle of being read: another thread's chance, without another thread. */
export function interruptible(onRead: () => void): Frame {
  const frame = new Frame();
  let flags = 0;
  Object.defineProperty(frame, 'flags', {
    get: () => flags,
    set: (value: number) => {
      flags = value;
      onRead();
    },
  });
  return frame;
}

/** Slots of the rings that `newRing` makes, and the longest history that a reader of one can have. */
export const slots = 8;
export const readable = slots - guardSlots;

/** An open ring with its writer and a reader, in memory of its own. */
export function newRing() {
  const { memory, pool } = smallMemory(2, slots);
  const writer = openRing(memory, pool);
  return { memory, pool, writer, reader: readerOf(memory, writer), frame: new Frame() };
}
