/** Errors by the thousand make a line now and then, and none of them is left out of the count. */
import { expect, it } from 'vitest';
import { ErrorThrottle } from '../../src/base/error-throttle.ts';

function rig() {
  const lines: [string, string, number][] = [];
  return { lines, errorThrottle: new ErrorThrottle<string>((...line) => lines.push(line)) };
}

it('the first error of a kind is reported at once, the others once in ten seconds with their number, each kind for itself', () => {
  const { lines, errorThrottle } = rig();
  for (let ms = 0; ms < 25_000; ms += 10) {
    errorThrottle.tick(ms);
    errorThrottle.add('full', `s${ms}`, ms);
    if (ms === 5000) errorThrottle.add('gone', 'x', ms);
  }
  expect(lines).toEqual([
    ['full', 's0', 0],
    ['gone', 'x', 0],
    ['full', 's9990', 999],
    ['full', 's19990', 1000],
  ]);
  errorThrottle.tellAll();
  const told = lines
    .filter(([kind]) => kind === 'full')
    .reduce((sum, [, , suppressed]) => sum + Math.max(1, suppressed), 0);
  expect(told).toBe(2500);
});

it('an error after a quiet time is reported at once again', () => {
  const { lines, errorThrottle } = rig();
  errorThrottle.add('one', '', 0);
  errorThrottle.tick(10_001);
  errorThrottle.add('one', '', 10_002);
  expect(lines).toHaveLength(2);
});

it('kinds that are all different do not get around it', () => {
  const { lines, errorThrottle } = rig();
  for (let n = 0; n < 1000; n++) errorThrottle.add(`frame ${n} is bad`, '', 0);
  expect(lines.length).toBeLessThan(30);
  errorThrottle.tellAll();
  expect(lines.reduce((sum, [, , suppressed]) => sum + Math.max(1, suppressed), 0)).toBe(1000);
});
