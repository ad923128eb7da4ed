/** What frames of each lane took from arrival to their rings, on average since the last look. Console thread. */
import type { Histogram } from '../memory/histogram.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

export class LaneResidence {
  private readonly histograms: readonly Histogram[];
  private readonly sums: Float64Array;
  private readonly counts: Float64Array;
  private readonly means: Float64Array;

  constructor(memory: SharedMemory) {
    this.histograms = memory.lanes.map((lane) => lane.histogram('residence'));
    this.sums = new Float64Array(this.histograms.length);
    this.counts = new Float64Array(this.histograms.length);
    this.means = new Float64Array(this.histograms.length);
  }

  look(): void {
    this.histograms.forEach(({ counts, sum }, lane) => {
      let count = 0;
      for (const inBucket of counts) count += inBucket;
      const frames = count - this.counts[lane]!;
      if (frames <= 0) return;
      this.means[lane] = Math.max(0, (sum - this.sums[lane]!) / frames);
      this.sums[lane] = sum;
      this.counts[lane] = count;
    });
  }

  /** In ms. */
  ofLane(lane: number): number {
    return this.means[lane]!;
  }
}
