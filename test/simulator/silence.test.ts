import { describe, expect, it } from 'vitest';
import { SilenceCursor, silentSpans } from '../../src/simulator/silence.ts';

function pairs(spans: Int32Array): [number, number][] {
  return Array.from({ length: spans.length / 2 }, (_, i) => [spans[i * 2]!, spans[i * 2 + 1]!]);
}

const cases = [50, 500, 501, 3000, 20_000].flatMap((frames) =>
  [0.05, 0.3, 0.5, 0.9].flatMap((ratio) => [1, 2, 3].map((key) => ({ frames, ratio, key }))),
);

describe('silentSpans', () => {
  it('sums to the ratio, to the frame', () => {
    for (const { frames, ratio, key } of cases) {
      const sum = pairs(silentSpans(key, frames, ratio)).reduce((total, [from, to]) => total + to - from, 0);
      expect(sum, `${frames} frames, ratio ${ratio}, key ${key}`).toBe(Math.round(frames * ratio));
    }
  });

  it('keeps spans in order, apart, and inside the call', () => {
    for (const { frames, ratio, key } of cases) {
      let end = -1;
      for (const [from, to] of pairs(silentSpans(key, frames, ratio))) {
        expect(from).toBeGreaterThan(end);
        expect(to).toBeGreaterThan(from);
        end = to;
      }
      expect(end).toBeLessThanOrEqual(frames);
    }
  });

  it('makes spans of 0.2 to 2 s', () => {
    const lengths = cases
      .filter(({ frames, ratio }) => frames * ratio >= 10)
      .flatMap(({ frames, ratio, key }) => pairs(silentSpans(key, frames, ratio)).map(([from, to]) => to - from));
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(100);
    expect(new Set(lengths).size).toBeGreaterThan(50);
  });

  it.each([
    [0, []],
    [1, [0, 100]],
    [0.999, [0, 100]],
  ])('can do a share of %d', (ratio, spans) => {
    expect([...silentSpans(1, 100, ratio)]).toEqual(spans);
  });

  it('leaves room for a single sounding frame', () => {
    const spans = pairs(silentSpans(1, 1000, 0.999));
    expect(spans.reduce((total, [from, to]) => total + to - from, 0)).toBe(999);
  });
});

describe('SilenceCursor', () => {
  it('answers as the spans say, also one step back', () => {
    const spans = silentSpans(7, 2000, 0.4);
    const silent = new Set(pairs(spans).flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i)));
    const cursor = new SilenceCursor(spans);
    for (let index = 1; index < 2000; index++) {
      for (const asked of [index, index - 1]) expect(cursor.isSilent(asked), `frame ${asked}`).toBe(silent.has(asked));
    }
  });
});
