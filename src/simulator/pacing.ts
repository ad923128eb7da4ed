/**
 * How regularly frames really left, whatever was planned: the jitter that a receiver beside us would measure. Each frame is
 * noted at the instant when it is handed to the socket. Main thread; nothing is allocated per frame. Shares no code with
 * the gateway on purpose: it is what the gateway's figures are held against.
 *
 * Jitter is J of RFC 3550 section 6.4.1 over sending times and timestamps, the deviation is that of the time between two
 * sendings from 20 ms. Both compare only frames that directly follow each other, in number and in the order sent: what
 * comes after a lost, a repeated late or an exchanged frame says nothing about pacing. Invariant: deviations observed =
 * frames compared, jitter observed = frames sent.
 */
import { frameDurationMs } from '../base/limits.ts';

/** Upper bounds of the buckets, in ms; one more follows for all above. */
export const pacingBoundsMs: readonly number[] = Object.freeze([
  0.5, 1, 2, 5, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1000,
]);

function bucketOf(ms: number): number {
  let bucket = 0;
  while (bucket < pacingBoundsMs.length && ms > pacingBoundsMs[bucket]!) bucket++;
  return bucket;
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export interface MeanAndWorst {
  readonly mean: number;
  readonly worst: number;
}

export interface PacingReport {
  /** Audio messages sent. */
  readonly frames: number;
  /** Frames that were compared with the one before them. */
  readonly comparedFrames: number;
  /** Of J after each frame that was compared. */
  readonly jitterMs: MeanAndWorst;
  /** Of how far the time between two sendings was from 20 ms, of frames that were compared. */
  readonly deviationMs: MeanAndWorst;
  /** Upper bounds of the buckets; a value lies in the first whose bound it does not exceed, the last bucket has no bound. */
  readonly boundsMs: readonly number[];
  /** J after each frame: 0 for a participant's first one, unchanged after one that was not compared. */
  readonly jitterBuckets: readonly number[];
  /** Frames that were compared, by deviation. */
  readonly deviationBuckets: readonly number[];
}

/** The pacing of all participants of a run. */
export class RunPacing {
  comparedFrames = 0;
  // Doubles: a day of 1,000 calls has more frames than 32 bits can count.
  readonly jitterBuckets = new Float64Array(pacingBoundsMs.length + 1);
  readonly deviationBuckets = new Float64Array(pacingBoundsMs.length + 1);
  private jitterSum = 0;
  private jitterWorst = 0;
  private deviationSum = 0;
  private deviationWorst = 0;

  /** A frame that was compared. */
  compared(jitterMs: number, deviationMs: number): void {
    this.comparedFrames++;
    this.jitterSum += jitterMs;
    this.deviationSum += deviationMs;
    if (jitterMs > this.jitterWorst) this.jitterWorst = jitterMs;
    if (deviationMs > this.deviationWorst) this.deviationWorst = deviationMs;
    this.deviationBuckets[bucketOf(deviationMs)]! += 1;
  }

  /** A frame, compared or not. */
  sent(jitterMs: number): void {
    this.jitterBuckets[bucketOf(jitterMs)]! += 1;
  }

  report(): PacingReport {
    const count = Math.max(1, this.comparedFrames);
    const jitterBuckets = [...this.jitterBuckets];
    return {
      frames: jitterBuckets.reduce((sum, n) => sum + n, 0),
      comparedFrames: this.comparedFrames,
      jitterMs: { mean: rounded(this.jitterSum / count), worst: rounded(this.jitterWorst) },
      deviationMs: { mean: rounded(this.deviationSum / count), worst: rounded(this.deviationWorst) },
      boundsMs: pacingBoundsMs,
      jitterBuckets,
      deviationBuckets: [...this.deviationBuckets],
    };
  }
}

/** The pacing of one participant. */
export class Pacing {
  private readonly run: RunPacing;
  private index = -1;
  private sentMs = 0;
  private jitter = 0;
  private sum = 0;
  private worst = 0;
  private compared = 0;

  constructor(run: RunPacing) {
    this.run = run;
  }

  /** Frame `index`, whose timestamp is `index` x 20 ms after that of frame 0, is handed to the socket now. */
  note(index: number, nowMs: number): void {
    const follows = this.index >= 0 && index === this.index + 1;
    const elapsedMs = nowMs - this.sentMs;
    this.index = index;
    this.sentMs = nowMs;
    if (follows) {
      // Timestamps go in steps of exactly 20 ms, so D of the RFC is the same as the deviation, but for its sign.
      const deviationMs = Math.abs(elapsedMs - frameDurationMs);
      this.jitter += (deviationMs - this.jitter) / 16;
      this.sum += this.jitter;
      this.compared++;
      if (this.jitter > this.worst) this.worst = this.jitter;
      this.run.compared(this.jitter, deviationMs);
    }
    this.run.sent(this.jitter);
  }

  get jitterMeanMs(): number {
    return this.compared === 0 ? 0 : rounded(this.sum / this.compared);
  }

  get jitterWorstMs(): number {
    return rounded(this.worst);
  }
}
