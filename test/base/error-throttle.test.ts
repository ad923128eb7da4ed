/** Errors by the thousand make a line now and then, and none of them is left out of the count. */
import { expect, it } from 'vitest';
import { Complaints } from '../../src/base/error-throttle.ts';

function rig() {
  const lines: [string, string, number][] = [];
  return { lines, complaints: new Complaints<string>((...line) => lines.push(line)) };
}

it('the first of a kind is told at once, the others once in ten seconds with their number, each kind for itself', () => {
  const { lines, complaints } = rig();
  for (let ms = 0; ms < 25_000; ms += 10) {
    complaints.tick(ms);
    complaints.add('full', `s${ms}`, ms);
    if (ms === 5000) complaints.add('gone', 'x', ms);
  }
  expect(lines).toEqual([
    ['full', 's0', 0],
    ['gone', 'x', 0],
    ['full', 's9990', 999],
    ['full', 's19990', 1000],
  ]);
  complaints.tellAll();
  const told = lines.filter(([kind]) => kind === 'full').reduce((sum, [, , leftOut]) => sum + Math.max(1, leftOut), 0);
  expect(told).toBe(2500);
});

it('an error after a quiet time is told at once again', () => {
  const { lines, complaints } = rig();
  complaints.add('one', '', 0);
  complaints.tick(10_001);
  complaints.add('one', '', 10_002);
  expect(lines).toHaveLength(2);
});

it('kinds that are all different do not get around it', () => {
  const { lines, complaints } = rig();
  for (let n = 0; n < 1000; n++) complaints.add(`frame ${n} is bad`, '', 0);
  expect(lines.length).toBeLessThan(30);
  complaints.tellAll();
  expect(lines.reduce((sum, [, , leftOut]) => sum + Math.max(1, leftOut), 0)).toBe(1000);
});
