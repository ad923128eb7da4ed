/** Seeded randomness, and durations, against what is known of their distributions. */
import { describe, expect, test } from 'vitest';
import {
  alwaysOn,
  type Durations,
  exponential,
  lognormal,
  residualQuantile,
} from '../../../bench/rollout/durations.ts';
import { Random } from '../../../bench/rollout/random.ts';

const count = 200_000;

function mean(draw: (random: Random) => number): number {
  const random = new Random(7);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += draw(random);
  return sum / count;
}

test('the same seed gives the same numbers, another one others', () => {
  const numbers = (seed: number) => {
    const random = new Random(seed);
    return Array.from({ length: 20 }, () => random.next());
  };
  expect(numbers(5)).toEqual(numbers(5));
  expect(numbers(5)).not.toEqual(numbers(6));
  for (const value of numbers(5)) expect(value >= 0 && value < 1).toBe(true);
});

test('numbers are even, normal and exponential as they should be', () => {
  expect(mean((random) => random.next())).toBeCloseTo(0.5, 2);
  expect(mean((random) => random.below(10))).toBeCloseTo(4.5, 1);
  expect(mean((random) => random.normal())).toBeCloseTo(0, 1);
  expect(mean((random) => random.normal() ** 2)).toBeCloseTo(1, 1);
  expect(mean((random) => random.exponential(3))).toBeCloseTo(3, 1);
});

const kinds: readonly Durations[] = [
  exponential('exponential', 300),
  lognormal('lognormal', 240, 1),
  lognormal('long tail', 240, 1.5),
];

describe.each(kinds)('durations: $label', (durations) => {
  test('last as long on average as they say', () => {
    expect(mean((random) => durations.draw(random)) / durations.meanSeconds).toBeCloseTo(1, 1);
  });

  test('what is left of a stream that is met is distributed as the formula says', () => {
    for (const seconds of [30, 600, 3600, 14_400]) {
      const beyond = mean((random) => (durations.drawResidual(random) > seconds ? 1 : 0));
      expect(Math.abs(beyond - durations.residualBeyond(seconds)), `${seconds} s`).toBeLessThan(0.005);
    }
  });

  test('what is left has the mean that renewal theory gives: the mean square by twice the mean', () => {
    // The integral of the distribution's tail, in steps that grow with it.
    let sum = 0;
    for (let at = 1e-3; at < 1e9; at *= 1.001) sum += durations.residualBeyond(at * 1.0005) * at * 0.001;
    const squares = {
      exponential: 2 * 300 ** 2,
      lognormal: 240 ** 2 * Math.exp(2),
      'long tail': 240 ** 2 * Math.exp(4.5),
    };
    const expected = squares[durations.label as keyof typeof squares] / (2 * durations.meanSeconds);
    expect(sum / expected).toBeCloseTo(1, 2);
  });
});

test('the quantile of what is left is the inverse of its distribution', () => {
  expect(residualQuantile(kinds[0]!, 0.5)).toBeCloseTo(300 * Math.log(2), 3);
  const at = residualQuantile(kinds[2]!, 0.1);
  expect(kinds[2]!.residualBeyond(at)).toBeCloseTo(0.1, 6);
  expect(residualQuantile(alwaysOn('always'), 0.1)).toBe(Number.POSITIVE_INFINITY);
});
