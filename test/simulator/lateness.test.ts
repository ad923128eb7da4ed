import { describe, expect, it } from 'vitest';
import { Lateness } from '../../src/simulator/lateness.ts';

describe('Lateness', () => {
  it('gives the quantiles of what was recorded, to a tenth of a millisecond', () => {
    const lateness = new Lateness();
    for (let i = 0; i < 1000; i++) lateness.record(i / 10, 1);
    expect(Math.abs(lateness.quantile(0.5) - 50)).toBeLessThanOrEqual(0.1);
    expect(Math.abs(lateness.quantile(0.99) - 99)).toBeLessThanOrEqual(0.1);
  });

  it('weighs a record by its frames', () => {
    const lateness = new Lateness();
    lateness.record(1, 99);
    lateness.record(8, 1);
    expect(lateness.summary()).toEqual({ p50Ms: 1.1, p99Ms: 1.1, maxMs: 8, lateFrames: 0 });
  });

  it('keeps the largest exactly, beyond the histogram too', () => {
    const lateness = new Lateness();
    lateness.record(12_345.678, 3);
    expect(lateness.summary()).toEqual({ p50Ms: 12_345.68, p99Ms: 12_345.68, maxMs: 12_345.68, lateFrames: 3 });
  });

  it('calls frames late from one frame duration on', () => {
    const lateness = new Lateness();
    lateness.record(20, 1);
    lateness.record(20.1, 1);
    expect(lateness.summary().lateFrames).toBe(1);
  });

  it('is all zeros when nothing was recorded', () => {
    expect(new Lateness().summary()).toEqual({ p50Ms: 0, p99Ms: 0, maxMs: 0, lateFrames: 0 });
  });
});
