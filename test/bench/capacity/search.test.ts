/** The search for the largest number that holds. */
import { expect, test } from 'vitest';
import { type SearchRange, search, type Verdict } from '../../../bench/capacity/search.ts';

const range: SearchRange = { from: 500, max: 20_000, precision: 0.05 };

/** Searches for a limit that is known, and notes what was tried. */
async function find(limit: number, change: Partial<SearchRange> = {}, above: Verdict = 'failed') {
  const tried: number[] = [];
  const found = await search({ ...range, ...change }, async (count) => {
    tried.push(count);
    return count <= limit ? 'held' : above;
  });
  return { ...found, tried };
}

test.each([1, 37, 499, 500, 501, 3100, 7999, 19_999])('a limit of %i is found within the precision', async (limit) => {
  const { held, above } = await find(limit);
  expect(held).toBeLessThanOrEqual(limit);
  expect(held * 1.05 + 1).toBeGreaterThanOrEqual(limit);
  expect(above).toBe('failed');
});

test('it doubles, then bisects, and tries nothing twice', async () => {
  const { tried } = await find(3100);
  expect(tried.slice(0, 5)).toEqual([500, 1000, 2000, 4000, 3000]);
  expect(new Set(tried).size).toBe(tried.length);
  expect(tried.length).toBeLessThan(11);
});

test('a limit above the maximum is not looked for', async () => {
  const { held, above, tried } = await find(100_000, { max: 1700 });
  expect({ held, above, tried }).toEqual({ held: 1700, above: 'held', tried: [500, 1000, 1700] });
  expect((await find(100_000, { max: 100 })).tried).toEqual([100]);
});

test('nothing that holds is 0', async () => {
  expect(await find(0)).toMatchObject({ held: 0, above: 'failed' });
});

test('says so when something other than what is measured failed', async () => {
  expect((await find(3100, {}, 'unknown')).above).toBe('unknown');
});
