/** Counts by size, and what can be said of them. Pure. */

export interface Buckets {
  /** Upper bounds, ascending; the last is infinite. */
  readonly bounds: readonly number[];
  /** What lies above the bound before and not above this one. */
  readonly counts: readonly number[];
}

export const emptyBuckets: Buckets = { bounds: [Number.POSITIVE_INFINITY], counts: [0] };

/**
 * The value below which a share `q` lies, as Prometheus' histogram_quantile says it: linear inside of a bucket, the highest
 * finite bound for what lies beyond it. NaN when there is nothing.
 */
export function quantile({ bounds, counts }: Buckets, q: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return Number.NaN;
  const rank = q * total;
  let below = 0;
  for (const [i, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) {
      const low = bounds[i - 1] ?? 0;
      const high = bounds[i]!;
      return high === Number.POSITIVE_INFINITY ? low : low + (high - low) * ((rank - below) / count);
    }
    below += count;
  }
  return bounds.at(-2) ?? Number.NaN;
}

/** What was added between two readings of the same histogram. */
export function between(earlier: Buckets, later: Buckets): Buckets {
  return { bounds: later.bounds, counts: later.counts.map((count, i) => count - (earlier.counts[i] ?? 0)) };
}

/** Buckets that grow by a constant factor: the same relative precision everywhere. */
export class Histogram {
  private readonly bounds: number[] = [];
  private readonly counts: Float64Array;
  private readonly first: number;
  private readonly logFactor: number;

  constructor(first: number, last: number, factor: number) {
    this.first = first;
    this.logFactor = Math.log(factor);
    for (let bound = first; bound < last * factor; bound *= factor) this.bounds.push(bound);
    this.bounds.push(Number.POSITIVE_INFINITY);
    this.counts = new Float64Array(this.bounds.length);
  }

  add(value: number): void {
    const index = value <= this.first ? 0 : Math.ceil(Math.log(value / this.first) / this.logFactor);
    this.counts[Math.min(index, this.counts.length - 1)]!++;
  }

  reset(): void {
    this.counts.fill(0);
  }

  read(): Buckets {
    return { bounds: this.bounds, counts: Array.from(this.counts) };
  }
}
