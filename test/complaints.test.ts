/** Errors that come by the thousand make a line now and then, and none of them goes uncounted. */
import { beforeEach, expect, test, vi } from 'vitest';
import { Complaints } from '../src/complaints.ts';
import type { Log } from '../src/log.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

function create(): { complaints: Complaints; lines: unknown[] } {
  const lines: unknown[] = [];
  const log = { error: (line: unknown) => lines.push(line) } as unknown as Log;
  return { complaints: new Complaints(log), lines };
}

test('the first is told at once, the others are counted and told together', () => {
  const { complaints, lines } = create();
  for (let n = 0; n < 1000; n++) complaints.error({ msg: 'broken', n });
  expect(lines).toEqual([{ msg: 'broken', n: 0 }]);
  vi.advanceTimersByTime(10_000);
  expect(lines).toEqual([
    { msg: 'broken', n: 0 },
    { msg: 'broken', n: 999, leftOut: 999 },
  ]);
});

test('as long as they come there is one line every ten seconds', () => {
  const { complaints, lines } = create();
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 100; n++) complaints.error({ msg: 'broken' });
    vi.advanceTimersByTime(1000);
  }
  expect(lines).toHaveLength(7);
  vi.advanceTimersByTime(10_000);
  const told = lines.reduce((sum: number, line) => sum + 1 + ((line as { leftOut?: number }).leftOut ?? 0), 0);
  // Each line tells of the last one that was left out, and the first of itself.
  expect(told - (lines.length - 1)).toBe(6000);
});

test('after a quiet time the next one is told at once again', () => {
  const { complaints, lines } = create();
  complaints.error({ msg: 'broken' });
  vi.advanceTimersByTime(10_000);
  complaints.error({ msg: 'broken' });
  expect(lines).toEqual([{ msg: 'broken' }, { msg: 'broken' }]);
});

test('kinds do not hide behind each other', () => {
  const { complaints, lines } = create();
  for (const sink of ['a', 'b', 'a', 'b']) complaints.error({ msg: 'sink error', sink }, `sink error ${sink}`);
  expect(lines).toEqual([
    { msg: 'sink error', sink: 'a' },
    { msg: 'sink error', sink: 'b' },
  ]);
});
