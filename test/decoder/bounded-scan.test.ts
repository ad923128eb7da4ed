/** The scanner looks at little of a message, whatever it is made of, and never beyond its end. */
import { describe, expect, it } from 'vitest';
import { Message } from '../../src/protocol/message.ts';
import { Scanner } from '../../src/protocol/scan.ts';

/** Counts which bytes are looked at. */
function watched(text: string): { bytes: Buffer; furthest: () => number } {
  let furthest = 0;
  const inner = Buffer.alloc(64 * 1024, ' ');
  inner.write(text);
  const bytes = new Proxy(inner, {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN;
      if (Number.isInteger(index)) furthest = Math.max(furthest, index);
      if (key === 'indexOf') furthest = target.length;
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { bytes, furthest: () => furthest };
}

describe('the scanner', () => {
  const head = '{"kind":"AudioData","audioData":{"data":"AAAA"';
  it.each([
    ['a text without an end', `${head},"x":"${'x'.repeat(20_000)}`],
    ['spaces', `${head}${' '.repeat(20_000)}}}`],
    ['digits', `${head},"x":${'1'.repeat(20_000)}}}`],
    ['fields', `${head}${Array.from({ length: 2000 }, (_, n) => `,"x${n}":0`).join('')}}}`],
    ['a key', `${head},"${'x'.repeat(20_000)}":0}}`],
  ])('gives up soon: %s', (_, text) => {
    const { bytes, furthest } = watched(text);
    expect(new Scanner().parse(bytes, 0, text.length, new Message())).toBe(false);
    expect(furthest()).toBeLessThan(600);
  });

  it('searches the end of the data in the message only', () => {
    const text = '{"kind":"AudioData","audioData":{"data":"AAAA';
    const { bytes, furthest } = watched(text);
    expect(new Scanner().parse(bytes, 0, text.length, new Message())).toBe(false);
    expect(furthest()).toBeLessThan(100);
  });
});
