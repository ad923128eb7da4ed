/** Growing against formulas. */
import { describe, expect, test } from 'vitest';
import { exponential, lognormal, residualQuantile } from '../../../bench/rollout/durations.ts';
import { anyOne, leastConnections, twoChoices } from '../../../bench/rollout/placement.ts';
import { evenRatio, scaleOut } from '../../../bench/rollout/scale-out.ts';

const mean = 300;
const durations = exponential('short', mean);
const size = { gateways: 4, streams: 24_000, capacity: 1e9, startSeconds: 0 };
const seconds = 1500;

describe('twice the gateways', () => {
  test('least connections: the old ones only decay, exp(-t / T), until all are even', () => {
    const { course, old, secondsToEven } = scaleOut({ size, durations, placement: leastConnections, seed: 5, seconds });
    const evenAfter = mean * Math.log(2);
    for (const [i, at] of course.entries()) {
      if (at.seconds > evenAfter * 0.95) break;
      const expected = size.streams * Math.exp(-at.seconds / mean);
      expect(Math.abs(old[i]! / expected - 1), `${at.seconds} s`).toBeLessThan(0.02);
    }
    const expected = mean * Math.log(2 / evenRatio);
    expect(Math.abs(secondsToEven / expected - 1)).toBeLessThan(0.05);
  });

  test('random: the surplus decays, and takes ln 10 mean durations to a tenth', () => {
    const { old, course, secondsToEven } = scaleOut({ size, durations, placement: anyOne, seed: 5, seconds });
    for (const [i, at] of course.entries()) {
      const expected = (size.streams / 2) * (1 + Math.exp(-at.seconds / mean));
      expect(Math.abs(old[i]! / expected - 1), `${at.seconds} s`).toBeLessThan(0.03);
    }
    // Noise of the fullest of eight, 3,000 streams each, makes it later than the formula, never much earlier.
    const expected = mean * Math.log(10);
    expect(secondsToEven).toBeGreaterThan(expected * 0.9);
    expect(secondsToEven).toBeLessThan(expected * 1.5);
  });

  test('random of two is nearer to least connections than to random', () => {
    const evenAfter = (placement: typeof anyOne) =>
      scaleOut({ size, durations, placement, seed: 5, seconds }).secondsToEven;
    expect(evenAfter(twoChoices)).toBeLessThan((evenAfter(leastConnections) + evenAfter(anyOne)) / 2);
  });

  test('with a long tail it takes as long as what is left of the streams', () => {
    const longTail = lognormal('long tail', 240, 1.5);
    const found = scaleOut({ size, durations: longTail, placement: leastConnections, seed: 5, seconds: 3000 });
    expect(Math.abs(found.secondsToEven / residualQuantile(longTail, evenRatio / 2) - 1)).toBeLessThan(0.05);
  });
});
