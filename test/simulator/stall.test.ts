/** Networks that stand still: when what is due meanwhile arrives. */
import { expect, it } from 'vitest';
import { releasedMs, stallBegins, stallProblem } from '../../src/simulator/stall.ts';

it('holds back what is due during a stall in the middle of the run, and nothing else', () => {
  const once = { stallMs: 4000, stallEveryMs: 0 };
  const released = [0, 2999, 3000, 5000, 6999, 7000, 9000].map((dueMs) => releasedMs(once, 10_000, dueMs));
  expect(released).toEqual([0, 2999, 7000, 7000, 7000, 7000, 9000]);
});

it('stands still again and again', () => {
  const often = { stallMs: 500, stallEveryMs: 2000 };
  const released = [100, 1999, 2000, 2499, 2500, 3999, 4100].map((dueMs) => releasedMs(often, 10_000, dueMs));
  expect(released).toEqual([100, 1999, 2500, 2500, 2500, 3999, 4500]);
});

it('never stands still unless it is asked to', () => {
  expect(releasedMs({ stallMs: 0, stallEveryMs: 2000 }, 10_000, 2000)).toBe(2000);
});

it('says when it stands still next, or since when it does', () => {
  const often = { stallMs: 500, stallEveryMs: 2000 };
  expect([0, 1999, 2499, 2500, 4100].map((atMs) => stallBegins(often, 10_000, atMs))).toEqual([
    2000, 2000, 2000, 4000, 4000,
  ]);
  const once = { stallMs: 4000, stallEveryMs: 0 };
  expect([0, 6999, 7000].map((atMs) => stallBegins(once, 10_000, atMs))).toEqual([
    3000,
    3000,
    Number.POSITIVE_INFINITY,
  ]);
});

it('refuses a network that never moves', () => {
  expect(stallProblem({ stallMs: 10_000, stallEveryMs: 0 }, 10_000)).toContain('longer than a call');
  expect(stallProblem({ stallMs: 3000, stallEveryMs: 2000 }, 10_000)).toContain('never move');
  expect(stallProblem({ stallMs: 3000, stallEveryMs: 0 }, 10_000)).toBeNull();
});
