/** The order of events. */
import { expect, test } from 'vitest';
import { Random } from '../../../bench/rollout/random.ts';
import { Timetable } from '../../../bench/rollout/timetable.ts';

test('what is due first comes first, whatever the order in which it went in', () => {
  const random = new Random(1);
  const times = Array.from({ length: 2000 }, () => random.below(500));
  const timetable = new Timetable<number>();
  for (const at of times) timetable.add(at, at);
  const taken: number[] = [];
  while (timetable.nextAt < Number.POSITIVE_INFINITY) taken.push(timetable.take());
  expect(taken).toEqual(times.toSorted((a, b) => a - b));
});

test('what is due at the same moment keeps its order', () => {
  const timetable = new Timetable<string>();
  for (const name of ['a', 'b', 'c', 'd']) timetable.add(1, name);
  expect(Array.from({ length: 4 }, () => timetable.take())).toEqual(['a', 'b', 'c', 'd']);
});

test('what never happens is not kept', () => {
  const timetable = new Timetable<string>();
  timetable.add(Number.POSITIVE_INFINITY, 'never');
  expect(timetable.nextAt).toBe(Number.POSITIVE_INFINITY);
});
