/** A list that is sorted by level: how loud calls are is read a few at a time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { KnownStream, KnownStreams } from '../../src/console/known-streams.ts';
import { LevelSweep } from '../../src/console/level-sweep.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** So many calls, of which each takes so much of the processor's time to read, and what was read of them. */
function calls(count: number, costMs = 0) {
  const reads: string[] = [];
  const byId = new Map<string, KnownStream>();
  for (let n = 0; n < count; n++)
    byId.set(`${n}`, { levelDb: -96, levelReadMs: Number.NEGATIVE_INFINITY } as KnownStream);
  const known = {
    byId,
    level: (stream: KnownStream, nowMs: number) => {
      reads.push([...byId].find(([, one]) => one === stream)?.[0] ?? 'gone');
      stream.levelReadMs = nowMs;
      stream.levelDb = -reads.length;
      return stream.levelDb;
    },
  } as unknown as KnownStreams;
  const sweep = new LevelSweep(known, () => reads.length * costMs);
  const order = () => [...byId.values()].map((stream) => sweep.level(stream, performance.now()));
  return { byId, reads, order };
}

test('the first order reads every call, later ones none: each is read again within half a second', () => {
  const { reads, order } = calls(200);
  expect(order()).toEqual(Array.from({ length: 200 }, (_, n) => -1 - n));
  for (let ms = 0; ms < 500; ms += 100) {
    vi.advanceTimersByTime(100);
    const before = reads.length;
    order();
    expect(reads.length).toBe(before);
  }
  expect(new Set(reads.slice(200)).size).toBe(200);
});

test('a few are read at a time', () => {
  const { reads, order } = calls(200);
  order();
  let most = 0;
  for (let ms = 0; ms < 1000; ms++) {
    const before = reads.length;
    vi.advanceTimersByTime(1);
    most = Math.max(most, reads.length - before);
  }
  expect(most).toBe(4);
});

test('with more to do than its share of a core it takes longer', () => {
  const { reads, order } = calls(200, 1);
  order();
  for (let ms = 0; ms < 2000; ms += 500) {
    vi.advanceTimersByTime(500);
    order();
  }
  // Four of 1 ms each, then a rest of 80 ms: a twentieth.
  expect(reads.length - 200).toBeGreaterThan(80);
  expect(reads.length - 200).toBeLessThanOrEqual(104);
});

test('a call that comes is read when it is asked for, one that is gone no more', () => {
  const { byId, reads, order } = calls(10);
  order();
  vi.advanceTimersByTime(100);
  byId.set('late', { levelDb: -96, levelReadMs: Number.NEGATIVE_INFINITY } as KnownStream);
  byId.delete('3');
  const before = reads.length;
  order();
  expect(reads.slice(before)).toEqual(['late']);
  vi.advanceTimersByTime(1000);
  expect(reads.slice(before)).not.toContain('3');
});

test('nothing is read any more when no page wants that order', () => {
  const { reads, order } = calls(10);
  order();
  vi.advanceTimersByTime(3000);
  expect(vi.getTimerCount()).toBe(0);
  const before = reads.length;
  order();
  expect(reads.length).toBe(before + 10);
});
