/** What holds a thread up, measured in this one: a busy loop shows as delay, garbage as pauses. */
import { expect, onTestFinished, test } from 'vitest';
import type { Histogram } from '../../src/memory/histogram.ts';
import { GcPauses } from '../../src/thread/gc-pauses.ts';
import { ThreadMetrics, ThreadMetricsWatch, threadMetricsDoubles } from '../../src/thread/thread-metrics.ts';
import { block } from '../support/block.ts';
import { judgingTimes } from '../support/starvation.ts';

function count(histogram: Histogram, fromMs = 0): number {
  return histogram.counts.reduce((sum, n, i) => sum + ((histogram.bounds[i] ?? Infinity) > fromMs ? n : 0), 0);
}

function watch(): ThreadMetrics {
  const threadMetrics = new ThreadMetrics(new Float64Array(threadMetricsDoubles));
  const watching = new ThreadMetricsWatch(threadMetrics);
  watching.start();
  onTestFinished(() => watching.stop());
  return threadMetrics;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test(
  'a stall of the loop counts as often as a frame would have come in it',
  judgingTimes(async () => {
    const threadMetrics = watch();
    await sleep(100);
    const [before, sumBefore] = [count(threadMetrics.delay, 100), threadMetrics.delay.sum];
    block(500);
    await sleep(50);
    // 450 late at least, 430, 410 … : eighteen of them above 100 ms, and the mean delay more than 220 ms.
    expect(count(threadMetrics.delay, 100) - before).toBeGreaterThanOrEqual(16);
    expect(threadMetrics.delay.sum - sumBefore).toBeGreaterThan(22 * 220);
  }),
);

test(
  'a stall counts as no later than two seconds, so that new calls are taken soon after it, however long it was',
  judgingTimes(async () => {
    const watching = new ThreadMetricsWatch(new ThreadMetrics(new Float64Array(threadMetricsDoubles)));
    watching.start();
    onTestFinished(() => watching.stop());
    block(5000);
    expect(watching.lateness).toBeGreaterThan(500);
    expect(watching.lateness).toBeLessThan(1000);
    await sleep(0);
    expect(watching.lateness).toBeLessThan(1000);
  }),
);

test(
  'a loop that turns freely is looked at twenty times a second',
  judgingTimes(async () => {
    const threadMetrics = watch();
    await sleep(1000);
    expect(count(threadMetrics.delay)).toBeGreaterThan(10);
    expect(count(threadMetrics.delay)).toBeLessThanOrEqual(40);
  }),
);

test(
  'pauses of the collector are counted, each once',
  judgingTimes(async () => {
    const threadMetrics = watch();
    await sleep(30);
    expect(count(threadMetrics.gcPause)).toBe(0);
    const kept: unknown[] = [];
    for (let round = 0; round < 60; round++) kept.push(Array.from({ length: 20_000 }, (_, i) => ({ i })));
    await sleep(1100);
    const pauses = count(threadMetrics.gcPause);
    expect(kept.length).toBe(60);
    expect(pauses).toBeGreaterThan(0);
    expect(threadMetrics.gcPause.sum).toBeGreaterThan(0);
    expect(threadMetrics.gcPause.sum).toBeLessThan(2000);
  }),
);

test('pauses are asked for once a second at most', () => {
  const threadMetrics = new ThreadMetrics(new Float64Array(threadMetricsDoubles));
  const pauses = new GcPauses();
  pauses.collect(1000, threadMetrics.gcPause);
  const kept: unknown[] = [];
  for (let round = 0; round < 60; round++) kept.push(Array.from({ length: 20_000 }, (_, i) => ({ i })));
  pauses.collect(1999, threadMetrics.gcPause);
  expect(count(threadMetrics.gcPause)).toBe(0);
  pauses.collect(2000, threadMetrics.gcPause);
  expect(count(threadMetrics.gcPause)).toBeGreaterThan(0);
  expect(kept.length).toBe(60);
});
