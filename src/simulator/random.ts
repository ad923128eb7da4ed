/**
 * Reproducible randomness. Pure; any thread. Everything the simulator draws is a function of (key, counter), where a key
 * is a hash of the seed and of what is drawn for: nothing depends on the order of drawing, on time or on the machine.
 * Invariant: only 32-bit integer operations, so every engine gives the same bits.
 */

/** What a key is drawn for. The numbers are part of what a seed means: changing one changes every run. */
export const purposes = {
  callConnection: 1,
  correlation: 2,
  subscription: 3,
  participant: 4,
  voice: 5,
  place: 6,
  silence: 7,
  loss: 8,
  duplicate: 9,
  reorder: 10,
  jitter: 11,
  malformed: 12,
  malformedKind: 13,
  stampJitter: 14,
  burst: 15,
} as const;

const golden = 0x9e3779b9;

/** A bijection of 32-bit integers with good avalanche (Wellons' lowbias32): different inputs, different outputs. */
export function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0xd35a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** Hashes integers into a 32-bit key. The order matters. */
export function deriveKey(...parts: readonly number[]): number {
  let key = golden;
  for (const part of parts) key = scramble(Math.imul(key, 0x2c1b3c6d) + part);
  return key;
}

/** The 32 bits number `counter` of a key. */
export function bitsAt(key: number, counter: number): number {
  return scramble(key + Math.imul(counter, golden));
}

/** The number `counter` of a key in [0, 1). */
export function uniformAt(key: number, counter: number): number {
  return bitsAt(key, counter) / 0x1_0000_0000;
}

/** The numbers of one key in order, for code that does not know how many it needs. */
export class RandomSequence {
  private readonly key: number;
  private counter = 0;

  constructor(key: number) {
    this.key = key;
  }

  /** In [0, 1). */
  next(): number {
    return uniformAt(this.key, this.counter++);
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** An integer from 0 to `count` - 1. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }
}
