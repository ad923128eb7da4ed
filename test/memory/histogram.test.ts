/** Histograms in memory: which bucket a value falls into, and how a stall counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  batchBounds,
  delayBoundsMs,
  Histogram,
  histogramDoubles,
  jitterBoundsMs,
  residenceBoundsMs,
} from '../../src/memory/histogram.ts';
import { seeded } from '../support/seed.ts';

function create(bounds: readonly number[], at = 0): Histogram {
  return new Histogram(new Float64Array(at + histogramDoubles(bounds)), at, bounds);
}

describe('a histogram', () => {
  it.each([[jitterBoundsMs], [residenceBoundsMs], [delayBoundsMs], [batchBounds]])(
    'has ascending bounds: %j',
    (bounds) => {
      expect([...bounds]).toEqual([...new Set<number>(bounds)].sort((a, b) => a - b));
    },
  );

  it('tells residences of a healthy gateway apart: by half a millisecond at most up to three', () => {
    const healthy = residenceBoundsMs.filter((ms) => ms <= 3);
    expect(healthy.at(-1)).toBe(3);
    healthy.forEach((ms, i) => {
      expect(ms - (healthy[i - 1] ?? 0)).toBeLessThanOrEqual(0.5);
    });
  });

  it('has the jitter buckets of the contract', () => {
    expect(jitterBoundsMs.map((ms) => ms / 1000)).toEqual([
      0.0005, 0.001, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1,
    ]);
  });

  it('counts a value in the first bucket whose bound it does not exceed', () => {
    const histogram = create([1, 2], 3);
    for (const value of [0, 1, 1.001, 2, 2.001, 99]) histogram.observe(value);
    expect([...histogram.counts]).toEqual([2, 2, 2]);
    expect(histogram.sum).toBeCloseTo(105.002, 9);
  });

  it('counts a delay that is shorter than the step once', () => {
    const histogram = create([1, 2]);
    histogram.observeStall(1.5, 2);
    expect([...histogram.counts, histogram.sum]).toEqual([0, 1, 0, 1.5]);
  });

  it('counts a stall as often as something would have been due in it', () => {
    const histogram = create([1, 10, 100]);
    histogram.observeStall(50, 20);
    // 50, 30 and 10 late.
    expect([...histogram.counts, histogram.sum]).toEqual([0, 1, 2, 0, 90]);
  });

  it('counts any stall as if its delays were observed one by one', () => {
    const property = fc.property(
      fc.integer({ min: 0, max: 40_000 }),
      fc.integer({ min: 1, max: 100 }),
      (stall, step) => {
        const [atOnce, oneByOne] = [create(delayBoundsMs), create(delayBoundsMs)];
        atOnce.observeStall(stall / 4, step / 4);
        for (let late = stall; late >= 0; late -= step) {
          oneByOne.observe(late / 4);
          if (stall < step) break;
        }
        expect([...atOnce.counts]).toEqual([...oneByOne.counts]);
        expect(atOnce.sum).toBe(oneByOne.sum);
      },
    );
    fc.assert(property, seeded({ numRuns: 300 }));
  });
});
