/**
 * How late frames leave: actual minus scheduled time; and the histogram that it and others are counted in. Main thread. Beyond the
 * histogram's range only the largest value is exact. Invariant: `count` is the number of values recorded.
 */
export class StepHistogram {
  count = 0;
  maxMs = 0;
  private readonly stepsPerMs: number;
  private readonly stepCount: number;
  // Doubles: a day of 1,000 calls has more frames than 32 bits can count.
  private readonly steps: Float64Array;

  constructor(stepsPerMs: number, rangeMs: number) {
    this.stepsPerMs = stepsPerMs;
    this.stepCount = rangeMs * stepsPerMs;
    this.steps = new Float64Array(this.stepCount + 1);
  }

  record(ms: number, times: number): void {
    this.count += times;
    if (ms > this.maxMs) this.maxMs = ms;
    const step = Math.min(this.stepCount, Math.max(0, Math.floor(ms * this.stepsPerMs)));
    this.steps[step]! += times;
  }

  /** The upper edge of the step that holds this share of the values. */
  quantile(share: number): number {
    let left = share * this.count;
    if (left === 0) return 0;
    for (let step = 0; step < this.stepCount; step++) {
      left -= this.steps[step]!;
      if (left <= 0) return Math.min(this.maxMs, (step + 1) / this.stepsPerMs);
    }
    return this.maxMs;
  }
}

export interface LatenessSummary {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Frames that left more than `lateAfterMs` after their time. */
  readonly lateFrames: number;
}

/** One frame's duration: later than that, and the next one is due before this one has left. */
export const lateAfterMs = 20;

export class Lateness extends StepHistogram {
  private lateFrames = 0;

  constructor() {
    super(10, 1000);
  }

  override record(ms: number, frames: number): void {
    super.record(ms, frames);
    if (ms > lateAfterMs) this.lateFrames += frames;
  }

  summary(): LatenessSummary {
    const round = (ms: number) => Math.round(ms * 100) / 100;
    return {
      p50Ms: round(this.quantile(0.5)),
      p99Ms: round(this.quantile(0.99)),
      maxMs: round(this.maxMs),
      lateFrames: this.lateFrames,
    };
  }
}
