/** Quantiles and differences of histograms. */
import { expect, test } from 'vitest';
import { between, emptyBuckets, Histogram, quantile } from '../../../bench/load/histogram.ts';

const infinite = Number.POSITIVE_INFINITY;
const buckets = { bounds: [1, 2, 4, infinite], counts: [10, 20, 10, 0] };

test.each([
  [0.125, 0.5],
  [0.25, 1],
  [0.5, 1.5],
  [0.75, 2],
  [0.875, 3],
  [1, 4],
])('quantile %f lies at %f, linear inside of its bucket', (q, value) => {
  expect(quantile(buckets, q)).toBeCloseTo(value);
});

test('what lies beyond the last bound is said to lie at it', () => {
  expect(quantile({ bounds: [1, 2, infinite], counts: [1, 0, 9] }, 0.5)).toBe(2);
});

test('empty buckets are passed over', () => {
  expect(quantile({ bounds: [1, 2, 3, infinite], counts: [0, 0, 4, 0] }, 0.01)).toBeCloseTo(2.01);
});

test('nothing has no quantile', () => {
  expect(quantile(emptyBuckets, 0.5)).toBeNaN();
  expect(quantile({ bounds: [1, infinite], counts: [0, 0] }, 0.5)).toBeNaN();
});

test('between two readings lies what was added', () => {
  const later = { bounds: buckets.bounds, counts: [11, 20, 15, 1] };
  expect(between(buckets, later)).toEqual({ bounds: buckets.bounds, counts: [1, 0, 5, 1] });
});

test('a value is found again within the factor of the buckets', () => {
  for (const value of [0.001, 0.0012, 0.37, 1, 20, 999]) {
    const histogram = new Histogram(0.001, 1000, 1.1);
    histogram.add(value);
    const found = quantile(histogram.read(), 1);
    expect(found / value).toBeGreaterThanOrEqual(0.999);
    expect(found / value).toBeLessThanOrEqual(1.101);
  }
});

test('values out of range stay at its ends', () => {
  const histogram = new Histogram(1, 10, 2);
  histogram.add(-5);
  histogram.add(1e9);
  expect(histogram.read().counts[0]).toBe(1);
  expect(histogram.read().counts.at(-1)).toBe(1);
  histogram.reset();
  expect(quantile(histogram.read(), 0.5)).toBeNaN();
});
