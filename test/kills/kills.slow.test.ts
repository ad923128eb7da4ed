/** A few kills of decode workers under load; `npm run kills` does thousands. */
import { expect, it } from 'vitest';
import { seed } from '../support/seed.ts';
import { runKills } from './kills.ts';

it('decode workers that are killed at random moments leave nothing uncounted, half-done or leaked', async () => {
  const report = await runKills({ kills: 30, seed, workers: 2 });
  expect(report.problems, `seed ${seed}`).toEqual([]);
  expect(report.kills).toBeGreaterThanOrEqual(30);
  expect(report.lost).toBeLessThanOrEqual(report.inHand);
  expect(report.committed).toBeGreaterThan(500);
});
