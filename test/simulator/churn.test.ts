import { describe, expect, it } from 'vitest';
import { type ChurnShape, callsOfLine, plannedCall } from '../../src/simulator/churn.ts';

function calls(shape: ChurnShape) {
  return Array.from({ length: shape.calls }, (_, line) => [...callsOfLine(line, shape)]);
}

const shapes: ChurnShape[] = [
  { calls: 1, churn: 1, frameCount: 500 },
  { calls: 10, churn: 3, frameCount: 500 },
  { calls: 7, churn: 35, frameCount: 400 },
  { calls: 1000, churn: 5000, frameCount: 100 },
  { calls: 3, churn: 0.1, frameCount: 3000 },
];

describe('callsOfLine', () => {
  it('is one call for the whole time without churn', () => {
    expect(calls({ calls: 2, churn: 0, frameCount: 500 })).toEqual([
      [{ call: 0, frameCount: 500, startFrame: 0 }],
      [{ call: 1, frameCount: 500, startFrame: 0 }],
    ]);
  });

  it('deals the hang-ups to the lines in turn', () => {
    expect(calls({ calls: 2, churn: 1, frameCount: 200 })).toEqual([
      [
        { call: 0, frameCount: 50, startFrame: 0 },
        { call: 2, frameCount: 100, startFrame: 50 },
        { call: 4, frameCount: 50, startFrame: 150 },
      ],
      [
        { call: 1, frameCount: 100, startFrame: 0 },
        { call: 3, frameCount: 100, startFrame: 100 },
      ],
    ]);
  });

  it.each(shapes)('lets $calls calls with churn $churn say exactly as much as without', (shape) => {
    for (const line of calls(shape)) {
      let at = 0;
      for (const call of line) {
        expect(call.startFrame).toBe(at);
        expect(call.frameCount).toBeGreaterThan(0);
        at += call.frameCount;
      }
      expect(at).toBe(shape.frameCount);
    }
  });

  it.each(shapes)('hangs up $churn of $calls calls a second', (shape) => {
    const replacements = calls(shape).flat().length - shape.calls;
    expect(Math.abs(replacements - (shape.churn * shape.frameCount) / 50)).toBeLessThanOrEqual(1 + shape.churn / 50);
  });

  it.each(shapes)('never uses a number twice ($calls calls, churn $churn)', (shape) => {
    const numbers = calls(shape)
      .flat()
      .map((call) => call.call);
    expect(new Set(numbers).size).toBe(numbers.length);
  });
});

describe('plannedCall', () => {
  it('finds every call again by its number', () => {
    const shape = { calls: 10, churn: 3, frameCount: 500 };
    for (const call of calls(shape).flat()) expect(plannedCall(call.call, shape)).toEqual(call);
  });

  it('knows of no call that is not in the run', () => {
    expect(plannedCall(2, { calls: 2, churn: 0, frameCount: 500 })).toBeNull();
  });
});
