/** How the cases of the scaling benchmark are measured. */
import { expect, test } from 'vitest';
import { fullRings } from '../../../bench/scaling/cases.ts';

const timing = { warmUpSeconds: 4, windowSeconds: 8 };

test('the warm-up lasts until every ring has come round, and never less than asked for', () => {
  expect(fullRings(timing, 50_000, 5000)).toEqual({ warmUpSeconds: 11, windowSeconds: 8 });
  expect(fullRings(timing, 50_000, 1000)).toEqual(timing);
});
