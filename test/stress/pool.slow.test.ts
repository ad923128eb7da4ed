/** Many threads take and release rings at once: no ring has two owners, none is lost, none comes back dirty. */
import { expect, it } from 'vitest';
import { smallMemory } from '../ring/ring-rig.ts';
import { seed } from '../support/seed.ts';
import type { PoolData } from './messages.ts';
import { runThread } from './thread.ts';

it.each([1, 3, 64])('four threads never share one of %i rings, and give all of them back', async (rings) => {
  const { memory, pool } = smallMemory(rings, 4);
  const owners = new Int32Array(new SharedArrayBuffer(4 * rings));
  const threads = [1, 2, 3, 4].map((name) =>
    runThread('./pool.worker.ts', { memory: memory.handle, seed, durationMs: 700, owners, name } satisfies PoolData),
  );
  const reports = await Promise.all(threads);
  for (const { fault } of reports) expect(fault, `seed ${seed}`).toBe('');
  // Together: with one ring, or on a busy machine, a single thread may hardly ever get one.
  expect(reports.reduce((taken, { rings: own }) => taken + own, 0)).toBeGreaterThan(400);
  expect(pool.inUse).toBe(0);
  const all = Array.from({ length: rings }, () => pool.take());
  expect(new Set(all).size).toBe(rings);
  expect(all).not.toContain(-1);
  expect(pool.take()).toBe(-1);
});
