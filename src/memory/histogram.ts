/**
 * A histogram as plain doubles in given memory: a bucket per bound, one more for everything above, and the sum. One
 * thread writes, any thread reads; each number is whole, together they may be one observation apart.
 */

/** Upper bounds of the histograms of jitter, in milliseconds; one more bucket follows for all above. */
export const jitterBoundsMs = [0.5, 1, 2, 5, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000] as const;
/** The same for residence, finer where a healthy gateway is. */
export const residenceBoundsMs = [
  0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 15, 20, 30, 50, 100, 200, 500, 1000,
] as const;
/** The same for what holds a thread up: how late it is, how long it collects garbage. */
export const delayBoundsMs = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] as const;
/** Upper bounds of the batch size histogram, in records. */
export const batchBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] as const;

/** Doubles that a histogram takes. */
export function histogramDoubles(bounds: readonly number[]): number {
  return bounds.length + 2;
}

export class Histogram {
  readonly bounds: readonly number[];
  private readonly f64: Float64Array;
  /** Index of the first bucket. */
  private readonly at: number;

  constructor(f64: Float64Array, at: number, bounds: readonly number[]) {
    this.f64 = f64;
    this.at = at;
    this.bounds = bounds;
  }

  /** Counts a value in the first bucket whose bound it does not exceed. */
  observe(value: number): void {
    const { f64, at, bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    f64[at + bucket]! += 1;
    f64[at + bounds.length + 1]! += value;
  }

  /**
   * Counts a delay as often as something would have been due in it: `value`, and every `step` less than that down to 0. One
   * observation for a long stall would make it as likely as a short one, although it holds up far more.
   */
  observeStall(value: number, step: number): void {
    if (value < step) {
      this.observe(value);
      return;
    }
    const { f64, at, bounds } = this;
    const total = Math.floor(value / step) + 1;
    let counted = 0;
    for (let bucket = 0; bucket <= bounds.length; bucket++) {
      const above = Math.max(0, Math.ceil((value - (bounds[bucket] ?? value)) / step));
      const upTo = Math.max(counted, total - above);
      f64[at + bucket]! += upTo - counted;
      counted = upTo;
    }
    f64[at + bounds.length + 1]! += total * value - (step * total * (total - 1)) / 2;
  }

  /** One entry per bound and one more for everything above; not cumulative. */
  get counts(): Float64Array {
    return this.f64.subarray(this.at, this.at + this.bounds.length + 1);
  }

  get sum(): number {
    return this.f64[this.at + this.bounds.length + 1]!;
  }
}
