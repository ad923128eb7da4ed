/** The 99th percentile of what a histogram has counted over the last ten seconds or so, interpolated within a bucket. Pure. */
import type { Histogram } from '../memory/histogram.ts';

const stepMs = 1_000;
const steps = 10;

export class WindowQuantile {
  private readonly histograms: readonly Histogram[];
  /** What was counted at each step, the oldest first. */
  private readonly past: Float64Array[] = [];
  private steppedMs = Number.NEGATIVE_INFINITY;

  /** Histograms of the same bounds, counted together. */
  constructor(histograms: readonly Histogram[]) {
    this.histograms = histograms;
  }

  /** Null while there was nothing. In the unit of the bounds. */
  quantile(share: number, nowMs: number): number | null {
    const { bounds } = this.histograms[0]!;
    const now = this.sum();
    if (nowMs - this.steppedMs >= stepMs) {
      this.steppedMs = nowMs;
      this.past.push(now);
      if (this.past.length > steps) this.past.shift();
    }
    const counts = now.map((count, bucket) => count - this.past[0]![bucket]!);
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total <= 0) return null;
    let left = share * total;
    for (let bucket = 0; bucket < bounds.length; bucket++) {
      const count = counts[bucket]!;
      const from = bounds[bucket - 1] ?? 0;
      if (left <= count) return from + ((bounds[bucket]! - from) * left) / count;
      left -= count;
    }
    return bounds.at(-1)!;
  }

  private sum(): Float64Array {
    const sum = new Float64Array(this.histograms[0]!.counts.length);
    for (const { counts } of this.histograms) for (let i = 0; i < sum.length; i++) sum[i]! += counts[i]!;
    return sum;
  }
}
