import { describe, expect, it, vi } from 'vitest';
import { frameBytes, sampleRates } from '../../src/base/limits.ts';
import { control, lane, ring } from '../../src/memory/layout.ts';
import type { SharedMemory } from '../../src/memory/shared-memory.ts';
import { RingPool } from '../../src/ring/pool.ts';
import type { RingWriter } from '../../src/ring/writer.ts';
import { openRing, ringParts, smallMemory } from './ring-rig.ts';

/** Every byte of a ring, but for its generation. */
function content(memory: SharedMemory, index: number): Buffer {
  const bytes = Buffer.concat(ringParts(memory, index));
  return bytes.fill(0, ring.generation, ring.generation + 4);
}

function isZero(bytes: Buffer): boolean {
  return bytes.equals(Buffer.alloc(bytes.length));
}

/** Makes every byte that a writer may touch something else than 0, `frames` times around. */
function soil(writer: RingWriter, frames: number, sampleRate: number): void {
  const { f64, i32, bytes, at } = writer;
  const bytesPerFrame = frameBytes(sampleRate);
  for (let n = 0; n < frames; n++) {
    bytes.fill(0xff, writer.nextPcm(), writer.nextPcm() + bytesPerFrame);
    writer.commit(bytesPerFrame, -1, -1, -1, -1, -1);
  }
  for (let field = ring.windowLow; field < ring.newestTimestampMs; field += 4) i32[(at + field) / 4] = -1;
  for (let field = ring.newestTimestampMs; field <= ring.gaps; field += 8) f64[(at + field) / 8] = -1;
  for (let field = ring.duplicateFrames; field <= ring.firstTimestampMs; field += 8) f64[(at + field) / 8] = -1;
}

describe('the pool', () => {
  it('gives every ring once, and then says that the memory is spent', () => {
    const { pool } = smallMemory(5, 4);
    const taken = Array.from({ length: 5 }, () => pool.take());
    expect(taken.sort()).toEqual([0, 1, 2, 3, 4]);
    expect([pool.take(), pool.take()]).toEqual([-1, -1]);
    expect(pool.inUse).toBe(5);
  });

  it('has nothing to give when it has no ring', () => {
    expect(smallMemory(0, 4).pool.take()).toBe(-1);
  });

  it('gives a ring again after its release, the lowest one first: its memory is touched', () => {
    const { pool } = smallMemory(3, 4);
    const [a, b, c] = [pool.take(), pool.take(), pool.take()];
    pool.release(b);
    pool.release(c);
    expect(pool.inUse).toBe(1);
    expect([pool.take(), pool.take(), pool.take()]).toEqual([b, c, -1]);
    pool.release(a);
    expect(pool.take()).toBe(a);
    expect(pool.inUse).toBe(3);
  });

  it('is the same pool for everyone who looks at the memory', () => {
    const { memory, pool } = smallMemory(2, 4);
    const other = new RingPool(memory);
    const [a, b] = [pool.take(), other.take()];
    expect([a, b].sort()).toEqual([0, 1]);
    expect(pool.take()).toBe(-1);
    other.release(a);
    expect(pool.inUse).toBe(1);
    expect(pool.take()).toBe(a);
  });

  describe.each(sampleRates)('at %i Hz', (sampleRate) => {
    it.each([0, 1, 3, 4, 5, 11])('zeroes every byte of a ring that had %i frames', (frames) => {
      const { memory, pool } = smallMemory(3, 4);
      const writers = [0, 1, 2].map(() => openRing(memory, pool, 'x'.repeat(256), sampleRate));
      for (const writer of writers) soil(writer, frames, sampleRate);
      const middle = writers.find((writer) => writer.index === 1)!;
      const neighbours = [0, 2].map((index) => content(memory, index));
      expect(isZero(content(memory, 1))).toBe(false);
      pool.release(middle.index);
      expect(isZero(content(memory, 1))).toBe(true);
      expect([0, 2].map((index) => content(memory, index))).toEqual(neighbours);
    });

    it.each([0, 3, 7])('zeroes what a refused message left in the slot after frame %i', (frames) => {
      const { memory, pool } = smallMemory(1, 4);
      const writer = openRing(memory, pool, 'a', sampleRate);
      soil(writer, frames, sampleRate);
      writer.bytes.fill(0xff, writer.nextPcm(), writer.nextPcm() + frameBytes(sampleRate));
      pool.release(writer.index);
      expect(isZero(content(memory, writer.index))).toBe(true);
    });
  });

  it('changes the generation of a ring whenever it comes back', () => {
    const { memory, pool } = smallMemory(1, 4);
    const generations = new Set<number>();
    for (let n = 0; n < 100; n++) {
      const writer = openRing(memory, pool);
      generations.add(writer.i32[(writer.at + ring.generation) / 4]!);
      pool.release(writer.index);
    }
    expect(generations.size).toBe(100);
  });

  it('sees that a ring was taken between its look and its grasp', () => {
    const { pool } = smallMemory(3, 4);
    const { compareExchange } = Atomics;
    const others: number[] = [];
    const spy = vi
      .spyOn(Atomics, 'compareExchange')
      .mockImplementation((...call: Parameters<typeof compareExchange>) => {
        spy.mockRestore();
        // Another thread, in just that moment: takes two rings and gives the first one back, which is on top again.
        others.push(pool.take(), pool.take());
        pool.release(others.shift()!);
        return compareExchange(...call);
      });
    const mine = [pool.take(), pool.take()];
    expect([...mine, ...others].toSorted()).toEqual([0, 1, 2]);
    expect(pool.take()).toBe(-1);
  });

  it('says which lane has a ring, and counts those of each', () => {
    const { memory, pool } = smallMemory(3, 4, 2);
    const [a, b] = [pool.take(1), pool.take(0)];
    expect([a, b, 2].map((index) => pool.holderOf(index))).toEqual([1, 0, -1]);
    expect(memory.lanes.map(({ i32 }) => i32[lane.ringsHeld / 4])).toEqual([1, 1]);
    pool.release(a);
    expect([pool.holderOf(a), pool.inUse]).toEqual([-1, 1]);
  });

  it('finds every free ring, wherever it looks first', () => {
    const { memory, pool } = smallMemory(3, 4);
    memory.control.i32[control.freeFrom / 4] = 2;
    expect([pool.take(), pool.take(), pool.take(), pool.take()]).toEqual([2, 0, 1, -1]);
  });

  it('counts anew what a lane has, and gives every ring then', () => {
    const { memory, pool } = smallMemory(3, 4);
    pool.take();
    memory.lanes[0]!.i32[lane.ringsHeld / 4] = 3;
    expect(pool.take()).toBe(-1);
    pool.recount(0);
    expect([pool.inUse, pool.take(), pool.take(), pool.take()]).toEqual([1, 1, 2, -1]);
  });
});
