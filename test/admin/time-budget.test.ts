/** The admin port's share of the main thread. */
import { describe, expect, it } from 'vitest';
import { TimeBudget } from '../../src/admin/time-budget.ts';
import { threadTimeMs } from '../../src/thread/thread-time.ts';
import { judgingTimes } from '../support/starvation.ts';

describe('the time of the admin port', () => {
  it(
    'is there at once while it was not used',
    judgingTimes(async () => {
      const budget = new TimeBudget(() => performance.now(), threadTimeMs);
      const startMs = performance.now();
      for (let n = 0; n < 10; n++) await budget.spend(() => n);
      expect(performance.now() - startMs).toBeLessThan(1000);
    }),
  );

  it('is waited for when it is spent, and then given in order', async () => {
    let nowMs = 0;
    const budget = new TimeBudget(
      () => nowMs,
      () => nowMs,
    );
    budget.charge(600);
    const order: number[] = [];
    const all = Promise.all([1, 2, 3].map((each) => budget.spend(() => order.push(each))));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(order).toEqual([]);
    // A hundred milliseconds are saved up in two seconds.
    nowMs = 2100;
    await all;
    expect(order).toEqual([1, 2, 3]);
  });

  it(
    'is not spent by a standstill in the middle of a piece of work',
    judgingTimes(async () => {
      let nowMs = 0;
      const budget = new TimeBudget(
        () => nowMs,
        () => nowMs,
      );
      await budget.spend(() => (nowMs += 3_600_000));
      nowMs += 100;
      const startMs = performance.now();
      expect(await budget.spend(() => 'next')).toBe('next');
      expect(performance.now() - startMs).toBeLessThan(1000);
    }),
  );

  it(
    'is charged by what work costs the thread, not by how long it takes',
    judgingTimes(async () => {
      const budget = new TimeBudget(() => performance.now(), threadTimeMs);
      for (let n = 0; n < 3; n++) await budget.spend(() => new Promise((resolve) => setTimeout(resolve, 400)));
      const startMs = performance.now();
      expect(await budget.spend(() => 'next')).toBe('next');
      // By the clock it would have to save up for 14 seconds.
      expect(performance.now() - startMs).toBeLessThan(5000);
    }),
  );

  it('is charged for work that fails as well, which fails for those who asked only', async () => {
    let nowMs = 0;
    const budget = new TimeBudget(
      () => nowMs,
      () => nowMs,
    );
    const failing = budget.spend(() => {
      nowMs += 400;
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await budget.spend(() => 'next')).toBe('next');
  });
});
