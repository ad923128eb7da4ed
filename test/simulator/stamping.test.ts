/** Timestamps that wander, and still never go back. */
import { describe, expect, it } from 'vitest';
import { type Stamping, StampPlan } from '../../src/simulator/stamping.ts';

const none: Stamping = { stampJitterMs: 0, stampGridMs: 0, stampDriftPpm: 0 };
const stamps = (stamping: Partial<Stamping>, seed = 1) => {
  const plan = new StampPlan(seed, 0, 0, { ...none, ...stamping });
  return Array.from({ length: 500 }, (_, index) => plan.at(index));
};

describe('the timestamps of a participant', () => {
  it('are exact steps when nothing else is asked for', () => {
    expect(stamps({})).toEqual(Array.from({ length: 500 }, (_, index) => index * 20));
  });

  it('are late by as much as is asked for, and never go back', () => {
    const late = stamps({ stampJitterMs: 40 }).map((ms, index) => ms - index * 20);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(40);
    expect(Math.max(...late)).toBeGreaterThan(35);
    expect(stamps({ stampJitterMs: 40 })).toEqual(stamps({ stampJitterMs: 40 }).toSorted((a, b) => a - b));
    expect(stamps({ stampJitterMs: 40 })).toEqual(stamps({ stampJitterMs: 40 }));
    expect(stamps({ stampJitterMs: 40 })).not.toEqual(stamps({ stampJitterMs: 40 }, 2));
  });

  it('lie on the grid of a coarse clock', () => {
    expect(stamps({ stampGridMs: 50 }).slice(0, 7)).toEqual([0, 0, 0, 50, 50, 100, 100]);
  });

  it('drift', () => {
    expect(stamps({ stampDriftPpm: 500 }).at(-1)).toBeCloseTo(499 * 20 * 1.0005, 6);
  });
});
