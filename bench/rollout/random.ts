/** Randomness with a seed: the same seed gives the same fleet, on every machine. Not for secrets. */

/** sfc32 of PractRand: 128 bits of state, passes its tests, and is as fast as arithmetic on 32 bits gets. */
export class Random {
  private a: number;
  private b: number;
  private c = 0x9e3779b9 | 0;
  private count = 1;

  constructor(seed: number) {
    this.a = seed | 0;
    this.b = (seed / 2 ** 32) | 0;
    // Until a seed of few bits has reached all of the state.
    for (let i = 0; i < 16; i++) this.next();
  }

  /** From 0, always below 1. */
  next(): number {
    const sum = (((this.a + this.b) | 0) + this.count) | 0;
    this.count = (this.count + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number from 0, below `count`. */
  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next());
  }

  /** Of the standard normal distribution, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }
}
