import { describe, expect, it } from 'vitest';
import { bitsAt, deriveKey, RandomSequence, scramble, uniformAt } from '../../src/simulator/random.ts';

describe('scramble', () => {
  it('gives different outputs for different inputs', () => {
    const seen = new Set<number>();
    for (let i = 0; i < 200_000; i++) seen.add(scramble(i * 20_011));
    expect(seen.size).toBe(200_000);
  });
});

describe('deriveKey', () => {
  it('gives the same keys for ever, or every seed would mean something else', () => {
    expect([deriveKey(1, 2, 3), deriveKey(0), bitsAt(deriveKey(7), 9)]).toMatchInlineSnapshot(`
      [
        828161977,
        3427564388,
        3357498669,
      ]
    `);
  });

  it('depends on the order of its parts', () => {
    expect(deriveKey(1, 2)).not.toBe(deriveKey(2, 1));
  });
});

describe('uniformAt', () => {
  it('spreads evenly over [0, 1)', () => {
    const bins = new Array<number>(20).fill(0);
    for (let i = 0; i < 100_000; i++) bins[Math.floor(uniformAt(deriveKey(3), i) * 20)]!++;
    for (const count of bins) expect(Math.abs(count - 5000)).toBeLessThan(350);
  });

  it('gives neighbouring keys unrelated numbers', () => {
    let product = 0;
    for (let i = 0; i < 20_000; i++) {
      product += (uniformAt(deriveKey(1, 5, i), 0) - 0.5) * (uniformAt(deriveKey(1, 5, i + 1), 0) - 0.5);
    }
    // The mean product of independent numbers is 0 with a deviation of 1/12/sqrt(20000) = 0.0006.
    expect(Math.abs(product / 20_000)).toBeLessThan(0.003);
  });
});

describe('RandomSequence', () => {
  it('stays below the count it was given', () => {
    const random = new RandomSequence(1);
    const seen = new Set(Array.from({ length: 200 }, () => random.below(5)));
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
