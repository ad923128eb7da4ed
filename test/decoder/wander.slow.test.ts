/** As `wander.test.ts`, with thousands of schedules. */
import { expect, it } from 'vitest';
import { generator, seed } from '../support/seed.ts';
import { events, playAll } from './stamp-schedules.ts';

it.each([
  ['nothing happens', []],
  ['frames are lost', ['loss']],
  ['there are pauses, swaps and duplicates', ['pause', 'swap', 'duplicate']],
  ['all of it happens', events],
] as const)('every frame is accounted for, whatever the stamps, when %s', { timeout: 600_000 }, (_, happen) => {
  const count = 2000;
  const { wrong, rare } = playAll(generator(seed + happen.length), count, happen);
  expect(wrong, `seed ${seed}`).toEqual([]);
  expect(rare.length, `seed ${seed}: ${rare.join('\n')}`).toBeLessThanOrEqual(count / 100);
});
