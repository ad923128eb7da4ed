/**
 * What is known of one participant's timestamps (`stamp-grid.ts` has the rules), loaded from the ring's header and stored there.
 * Reused. Worker thread.
 */
import { ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';
import { settleFrames, stampWanderMs } from './stamp-limits.ts';

/** Stamps that are regular are no further off than this: they are rounded to milliseconds. */
export const regularMs = 1.1;

export class StampState {
  /** The stamp that the next packet would have; NaN as long as there was none. */
  gridMs = Number.NaN;
  /** The latest stamp of any packet. */
  highestMs = 0;
  /** The stamp that position 0 would have. */
  originMs = 0;
  /** Stamps that told something, up to 25. */
  learnt = 0;
  /** How far behind the grid stamps lie that were not followed by loss. */
  wanderMs = 0;
  /** The least time from a stamp to its arrival; the two clocks may differ. */
  leastTransitMs = 0;
  /** For how much audio the stamp has been the same. */
  sameMs = 0;
  /** It was the same for several packets before: it comes from a coarse clock. */
  isCoarse = false;
  /** There was a pause, behind which the audio keeps its place, whatever is learnt of the grid. */
  protected isAnchored = false;
  /** Stamps in a row that are too late, and between what. */
  protected lateStamps = 0;
  protected lateLeastMs = 0;
  protected lateMostMs = 0;
  /** The longest transit among them, and the shortest before them. */
  protected lateTransitMs = 0;
  protected transitBeforeMs = 0;
  protected lateSinceMs = 0;
  /** Stamps in a row that are too early, and how much at least. */
  protected earlyStamps = 0;
  protected earlyLeastMs = 0;
  /** Steps left out of which it is not sure yet that they are a loss: how many, in how many gaps, after how many stamps. */
  protected doubtfulSteps = 0;
  protected doubtfulGaps = 0;
  protected doubtfulStamps = 0;
  protected doubtedMs = 0;
  /** Those of them for which the audio has no hole yet. */
  heldSteps = 0;
  /** For so many steps on, what lies on the grid is not where it would be in the audio. */
  displacedSteps = 0;

  /** What the last stamp tells of loss: steps that are known to be lost from now on, and in how many gaps. */
  lostSteps = 0;
  gaps = 0;
  /** It told that what was in doubt is no loss. */
  isRefuted = false;

  load({ f64, at }: RingWriter): void {
    this.lostSteps = 0;
    this.gaps = 0;
    this.isRefuted = false;
    const base = at / 8;
    this.gridMs = f64[base + ring.gridMs / 8]!;
    const newestMs = f64[base + ring.newestTimestampMs / 8]!;
    this.highestMs = f64[base + ring.highestTimestampMs / 8]!;
    if (newestMs > this.highestMs) this.highestMs = newestMs;
    let field = base + ring.originMs / 8;
    this.originMs = f64[field++]!;
    this.leastTransitMs = f64[field++]!;
    this.learnt = f64[field++]!;
    this.wanderMs = f64[field++]!;
    this.sameMs = f64[field++]!;
    this.isCoarse = f64[field++]! > 0;
    this.isAnchored = f64[field++]! > 0;
    this.lateStamps = f64[field++]!;
    this.lateLeastMs = f64[field++]!;
    this.lateMostMs = f64[field++]!;
    this.lateTransitMs = f64[field++]!;
    this.transitBeforeMs = f64[field++]!;
    this.lateSinceMs = f64[field++]!;
    this.earlyStamps = f64[field++]!;
    this.earlyLeastMs = f64[field++]!;
    this.doubtfulSteps = f64[field++]!;
    this.doubtfulGaps = f64[field++]!;
    this.doubtfulStamps = f64[field++]!;
    this.doubtedMs = f64[field++]!;
    this.heldSteps = f64[field++]!;
    this.displacedSteps = f64[field++]!;
  }

  store({ f64, at }: RingWriter): void {
    const base = at / 8;
    f64[base + ring.gridMs / 8] = this.gridMs;
    f64[base + ring.highestTimestampMs / 8] = this.highestMs;
    // The newest packet is the latest, or the next one takes a closer look.
    const isNewest = f64[base + ring.newestTimestampMs / 8] === this.highestMs;
    f64[base + ring.unsettled / 8] = isNewest && this.isSettled ? 0 : 1;
    let field = base + ring.originMs / 8;
    f64[field++] = this.originMs;
    f64[field++] = this.leastTransitMs;
    f64[field++] = this.learnt;
    f64[field++] = this.wanderMs;
    f64[field++] = this.sameMs;
    f64[field++] = this.isCoarse ? 1 : 0;
    f64[field++] = this.isAnchored ? 1 : 0;
    f64[field++] = this.lateStamps;
    f64[field++] = this.lateLeastMs;
    f64[field++] = this.lateMostMs;
    f64[field++] = this.lateTransitMs;
    f64[field++] = this.transitBeforeMs;
    f64[field++] = this.lateSinceMs;
    f64[field++] = this.earlyStamps;
    f64[field++] = this.earlyLeastMs;
    f64[field++] = this.doubtfulSteps;
    f64[field++] = this.doubtfulGaps;
    f64[field++] = this.doubtfulStamps;
    f64[field++] = this.doubtedMs;
    f64[field++] = this.heldSteps;
    f64[field++] = this.displacedSteps;
  }

  /** Begins with a stamp, or without one, at a position. */
  begin(timestampMs: number, positionMs: number, transitMs: number): void {
    const isUsable = !Number.isNaN(timestampMs);
    this.gridMs = timestampMs;
    this.originMs = timestampMs - positionMs;
    this.highestMs = isUsable ? timestampMs : Number.NEGATIVE_INFINITY;
    this.learnt = isUsable ? 1 : 0;
    this.leastTransitMs = Number.isNaN(transitMs) ? Number.POSITIVE_INFINITY : transitMs;
    this.wanderMs = 0;
    this.sameMs = 0;
    this.isCoarse = false;
    this.isAnchored = false;
    this.lateStamps = 0;
    this.lateLeastMs = 0;
    this.lateMostMs = 0;
    this.lateTransitMs = 0;
    this.transitBeforeMs = 0;
    this.lateSinceMs = 0;
    this.earlyStamps = 0;
    this.earlyLeastMs = 0;
    this.doubtfulStamps = 0;
    this.forgetDoubt();
    this.displacedSteps = 0;
  }

  /** From how far behind the grid on a stamp may mean loss. Beyond 50 ms of wander not a single frame's loss shows at once. */
  slackMs(stepMs: number): number {
    return Math.max(stepMs / 2, 0.35 * this.wanderMs);
  }

  /** How far a stamp may be before the grid although its packet is in order. */
  leadMs(stepMs: number): number {
    return this.learnt < settleFrames ? stampWanderMs : stepMs / 2 + this.wanderMs;
  }

  get isRegular(): boolean {
    return this.wanderMs <= regularMs;
  }

  private get isSettled(): boolean {
    return (
      this.learnt >= settleFrames &&
      this.isRegular &&
      this.lateStamps === 0 &&
      this.earlyStamps === 0 &&
      this.doubtfulSteps === 0 &&
      this.displacedSteps === 0 &&
      this.sameMs === 0
    );
  }

  protected forgetDoubt(): void {
    this.doubtfulSteps = 0;
    this.doubtfulGaps = 0;
    this.doubtedMs = 0;
    this.heldSteps = 0;
  }
}
