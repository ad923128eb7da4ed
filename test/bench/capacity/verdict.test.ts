/** When a gateway holds a number of streams. */
import { expect, test } from 'vitest';
import type { Verdict } from '../../../bench/capacity/search.ts';
import { verdictOn } from '../../../bench/capacity/verdict.ts';
import type { Measurement } from '../../../bench/load/measurement.ts';
import { measurement } from '../support/measurement.ts';

const held: Measurement = {
  ...measurement,
  residence: { bounds: [5, 50, Number.POSITIVE_INFINITY], counts: [1000, 1, 0] },
  droppedBefore: 0,
};
const slow = { ...held.residence, counts: [900, 100, 0] };

test.each<[Verdict, string, Partial<Measurement>]>([
  ['held', 'all came in, in time', {}],
  ['failed', 'one of a hundred was late', { residence: slow }],
  ['failed', 'a frame was dropped', { dropped: 1 }],
  ['failed', 'not all came in', { frames: 450_000 }],
  ['unknown', 'a late generator had no time left', { residence: slow, generator: { ...held.generator, cpuUs: 9.5e6 } }],
  ['unknown', 'nobody had time left', { dropped: 1, userUs: 13e6 }],
  ['held', 'the generator was busy but nothing came of it', { generator: { ...held.generator, cpuUs: 9.5e6 } }],
])('%s: %s', (verdict, _, change) => {
  expect(verdictOn({ ...held, ...change })).toBe(verdict);
});
