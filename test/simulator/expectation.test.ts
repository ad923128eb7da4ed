import { describe, expect, it } from 'vitest';
import { Expectation, type FrameCounts } from '../../src/simulator/expectation.ts';

function counted(order: readonly number[], mixed = false): Partial<FrameCounts> {
  const expectation = new Expectation(10_000, mixed);
  for (const index of order) expectation.note(index, index % 2 === 1);
  const { missingFrames, gaps, duplicateFrames, outOfOrderFrames } = expectation.counts;
  return { missingFrames, gaps, duplicateFrames, outOfOrderFrames };
}

const nothing = { missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0 };

describe('Expectation', () => {
  it.each([
    ['frames in order', [0, 1, 2, 3], {}],
    ['three lost frames', [0, 1, 5, 6], { missingFrames: 3, gaps: 1 }],
    ['two gaps', [0, 2, 4], { missingFrames: 2, gaps: 2 }],
    ['the newest frame again', [0, 1, 1, 2], { duplicateFrames: 1 }],
    ['an older frame again', [0, 1, 2, 3, 1], { duplicateFrames: 1 }],
    ['a swap', [0, 2, 1, 3], { missingFrames: 1, gaps: 1, outOfOrderFrames: 1 }],
    ['a late frame twice', [0, 2, 1, 1, 3], { missingFrames: 1, gaps: 1, outOfOrderFrames: 1, duplicateFrames: 1 }],
    ['a swap behind a lost frame', [0, 3, 2, 4], { missingFrames: 2, gaps: 1, outOfOrderFrames: 1 }],
    ['a first frame that is not number 0', [7, 8], {}],
  ])('counts %s', (_name, order, expected) => {
    expect(counted(order)).toEqual({ ...nothing, ...expected });
  });

  it('takes a hole of 500 ms for a loss and a longer one for a pause, when unmixed', () => {
    expect(counted([0, 26])).toEqual({ ...nothing, missingFrames: 25, gaps: 1 });
    expect(counted([0, 27])).toEqual(nothing);
  });

  it('takes even a long hole for a loss when mixed, up to a change of the clock', () => {
    expect(counted([0, 6001], true)).toEqual({ ...nothing, missingFrames: 6000, gaps: 1 });
    expect(counted([0, 6002], true)).toEqual(nothing);
  });

  it('counts every message as a frame, and the silent ones among them', () => {
    const expectation = new Expectation(100, true);
    for (const index of [0, 1, 1, 3, 2]) expectation.note(index, index % 2 === 1);
    expect([expectation.counts.frames, expectation.counts.silentFrames]).toEqual([5, 3]);
  });

  it('knows which frames were sent', () => {
    const expectation = new Expectation(20, true);
    for (const index of [3, 4, 17]) expectation.note(index, false);
    expect(Array.from({ length: 20 }, (_, i) => i).filter((i) => expectation.has(i))).toEqual([3, 4, 17]);
    expect([expectation.first, expectation.highest]).toEqual([3, 17]);
  });
});
