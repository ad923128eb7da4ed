/**
 * How long streams last, and how much longer one lasts that is met at some moment. The two differ: a stream that is met is
 * more likely a long one. For exponential durations it makes no difference; for a long tail it decides. In seconds. Pure.
 */
import type { Random } from './random.ts';

export interface Durations {
  readonly label: string;
  readonly meanSeconds: number;
  draw(random: Random): number;
  /** What is left of a stream that is met at a random moment of a fleet that has run for long. */
  drawResidual(random: Random): number;
  /** The share of the streams that are met at a moment and are still there after so long. */
  residualBeyond(seconds: number): number;
}

export function exponential(label: string, meanSeconds: number): Durations {
  const draw = (random: Random): number => random.exponential(meanSeconds);
  return {
    label,
    meanSeconds,
    draw,
    drawResidual: draw,
    residualBeyond: (seconds) => Math.exp(-seconds / meanSeconds),
  };
}

/** `sigma` is of the logarithm: at 1.5 one call of 28 takes longer than 15 times the median. */
export function lognormal(label: string, medianSeconds: number, sigma: number): Durations {
  const mu = Math.log(medianSeconds);
  const meanSeconds = Math.exp(mu + sigma ** 2 / 2);
  return {
    label,
    meanSeconds,
    draw: (random) => Math.exp(mu + sigma * random.normal()),
    // A stream is met in proportion to its length, which makes it lognormal again; and at any of its moments alike.
    drawResidual: (random) => Math.exp(mu + sigma ** 2 + sigma * random.normal()) * (1 - random.next()),
    residualBeyond: (seconds) => {
      if (seconds <= 0) return 1;
      const z = (mu - Math.log(seconds)) / sigma;
      return normalBelow(z + sigma) - (seconds / meanSeconds) * normalBelow(z);
    },
  };
}

/** Conference lines, wall boards: whatever nobody hangs up. */
export function alwaysOn(label: string): Durations {
  const forever = (): number => Number.POSITIVE_INFINITY;
  return {
    label,
    meanSeconds: Number.POSITIVE_INFINITY,
    draw: forever,
    drawResidual: forever,
    residualBeyond: () => 1,
  };
}

/** After how long only `share` of the streams that were met are left; by bisection. Infinite if it never comes. */
export function residualQuantile(durations: Durations, share: number): number {
  let high = 1;
  while (durations.residualBeyond(high) > share) {
    if (high > 1e12) return Number.POSITIVE_INFINITY;
    high *= 2;
  }
  let low = 0;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (durations.residualBeyond(middle) > share) low = middle;
    else high = middle;
  }
  return high;
}

/** The standard normal distribution, by Abramowitz and Stegun 7.1.26: right to 2e-7. */
export function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const upper = (poly * Math.exp(-x * x)) / 2;
  return z < 0 ? upper : 1 - upper;
}
