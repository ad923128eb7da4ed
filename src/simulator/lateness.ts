/**
 * How late frames leave: actual minus scheduled time. Main thread. A histogram with steps of 0.1 ms up to one second;
 * beyond it only the largest value is exact. Invariant: `count` is the number of frames recorded.
 */
const stepsPerMs = 10;
const stepCount = 1000 * stepsPerMs;

export interface LatenessSummary {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Frames that left more than `lateAfterMs` after their time. */
  readonly lateFrames: number;
}

/** One frame's duration: later than that, and the next one is due before this one has left. */
export const lateAfterMs = 20;

export class Lateness {
  count = 0;
  #lateFrames = 0;
  #maxMs = 0;
  // Doubles: a day of 1,000 calls has more frames than 32 bits can count.
  readonly #steps = new Float64Array(stepCount + 1);

  record(ms: number, frames: number): void {
    this.count += frames;
    if (ms > this.#maxMs) this.#maxMs = ms;
    if (ms > lateAfterMs) this.#lateFrames += frames;
    const step = Math.min(stepCount, Math.max(0, Math.floor(ms * stepsPerMs)));
    this.#steps[step]! += frames;
  }

  /** The upper edge of the step that holds this share of the frames. */
  quantile(share: number): number {
    let left = share * this.count;
    if (left === 0) return 0;
    for (let step = 0; step < stepCount; step++) {
      left -= this.#steps[step]!;
      if (left <= 0) return Math.min(this.#maxMs, (step + 1) / stepsPerMs);
    }
    return this.#maxMs;
  }

  summary(): LatenessSummary {
    const round = (ms: number) => Math.round(ms * 100) / 100;
    return {
      p50Ms: round(this.quantile(0.5)),
      p99Ms: round(this.quantile(0.99)),
      maxMs: round(this.#maxMs),
      lateFrames: this.#lateFrames,
    };
  }
}
