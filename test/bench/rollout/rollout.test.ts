/** Rollouts: whom they touch and what they cost, against arithmetic. */
import { describe, expect, test } from 'vitest';
import { alwaysOn, exponential, lognormal } from '../../../bench/rollout/durations.ts';
import { anyOne } from '../../../bench/rollout/placement.ts';
import { type RolloutSettings, rollOut } from '../../../bench/rollout/rollout.ts';
import {
  blueGreen,
  inPlace,
  recreate,
  type Strategy,
  strategies,
  surgeOne,
  surgeOnePatient,
  surgeQuarter,
} from '../../../bench/rollout/strategy.ts';

const size = { gateways: 8, streams: 8000, capacity: 2000, startSeconds: 30 };
const short = exponential('short', 300);
const always = alwaysOn('always');

function run(strategy: Strategy, change: Partial<RolloutSettings> = {}) {
  return rollOut({ size, durations: short, strategy, drainSeconds: 600, seed: 11, ...change });
}

describe('how many are cut', () => {
  test.each([
    ['exponential', short, 30],
    ['exponential', short, 600],
    ['lognormal', lognormal('long tail', 240, 1.5), 30],
    ['lognormal', lognormal('long tail', 240, 1.5), 600],
    ['lognormal', lognormal('long tail', 240, 1.5), 3600],
  ])('%s: blue/green cuts N x P(residual > D), D = %s', (_, durations, drainSeconds) => {
    const { counts } = run(blueGreen, { durations, drainSeconds });
    const expected = size.streams * durations.residualBeyond(drainSeconds);
    // Three standard deviations of a binomial, and of the streams that ended while the new ones started.
    expect(Math.abs(counts.cuts - expected)).toBeLessThan(3 * Math.sqrt(expected) + size.streams * 0.012);
    expect(counts.cutsOfOneMost).toBe(1);
  });

  test('with streams that never end each is cut, once where nobody comes back to an old gateway', () => {
    for (const strategy of [blueGreen, recreate, surgeOne]) {
      expect(run(strategy, { durations: always }).counts, strategy.label).toMatchObject({
        cuts: 8000,
        streamsCut: 8000,
        cutsOfOneMost: 1,
      });
    }
  });

  test('and again where they do: in place, and with a placement that does not prefer the new ones', () => {
    const placed = run(inPlace, { durations: always });
    expect(placed.counts.streamsCut).toBe(8000);
    expect(placed.counts.cuts).toBeGreaterThan(8000);
    const random = run(surgeOnePatient, { durations: always, placement: anyOne });
    // Who is cut with k old ones of n + 1 left comes back to an old one with k / (n + 1): about half of them, all in all.
    expect(random.counts.cuts).toBeGreaterThan(12_000);
    expect(random.counts.cutsOfOneMost).toBeGreaterThan(2);
  });

  test('nobody, when the drain outlasts every stream', () => {
    for (const strategy of strategies) {
      expect(run(strategy, { drainSeconds: 36_000 }).counts.cuts, strategy.label).toBe(0);
    }
  });
});

test('processes at most: twice as many where the drain piles up, one more where it is waited for, none more in place', () => {
  const most = (strategy: Strategy) => run(strategy, { durations: always }).counts.gatewaysMost;
  expect(strategies.map(most)).toEqual([16, 16, 9, 16, 8, 8]);
});

test('a rollout takes as long as its starts and its drains in their order', () => {
  const hold = (strategy: Strategy) => run(strategy, { durations: always }).seconds;
  expect(hold(blueGreen)).toBeCloseTo(30 + 600, 0);
  expect(hold(recreate)).toBeCloseTo(600 + 30, 0);
  expect(hold(surgeOne)).toBeCloseTo(8 * 30 + 600, 0);
  expect(hold(surgeQuarter)).toBeCloseTo(4 * 30 + 600, 0);
  expect(hold(surgeOnePatient)).toBeCloseTo(8 * (30 + 600), 0);
  expect(hold(inPlace)).toBeCloseTo(8 * (600 + 30), 0);
});

test('only recreate leaves new streams without a gateway, for as long as it drains and starts', () => {
  for (const strategy of strategies) {
    const { counts } = run(strategy, { drainSeconds: 60 });
    if (strategy !== recreate) expect(counts.refused, strategy.label).toBe(0);
    // All that come within 90 s, and all that were cut: 2,400 and 8,000 x exp(-60 / 300).
    else expect(Math.abs(counts.refused / (2400 + 8000 * Math.exp(-0.2)) - 1)).toBeLessThan(0.05);
  }
});

test('in place without room to spare refuses', () => {
  const tight = { ...size, capacity: 1050 };
  expect(run(inPlace, { size: tight }).counts.refused).toBeGreaterThan(1000);
  expect(run(surgeOne, { size: tight }).counts.refused).toBeLessThan(100);
});
