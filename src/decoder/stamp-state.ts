/**
 * What is known of one participant's timestamps (`stamp-grid.ts` has the rules), loaded from the ring's header and stored there.
 * Reused. Worker thread.
 */
import type { RingFigures } from '../memory/ring-figures.ts';
import { loadStamps, type Stamps, storeStamps } from '../memory/ring-stamps.ts';
import { settleFrames, stampWanderMs } from './stamp-limits.ts';

/** Stamps that are regular are no further off than this: they are rounded to milliseconds. */
export const regularMs = 1.1;

/** Regular stamps are rounded all alike, so the steps between them are exact, but for what a double can tell. */
const exactMs = 0.05;

/** How much of their wander stamps may be late and still be in time. */
export const slackShare = 0.35;

export class StampState implements Stamps {
  /** The stamp that the next packet would have; NaN as long as there was none. */
  gridMs = Number.NaN;
  /** The latest stamp of any packet. */
  highestMs = 0;
  /** The stamp that position 0 would have. */
  originMs = 0;
  /** Stamps that gave evidence, up to 25. */
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
  isAnchored = false;
  /** Stamps in a row that are too late, and between what. */
  lateStamps = 0;
  lateLeastMs = 0;
  lateMostMs = 0;
  /** The longest transit among them, and the shortest before them. */
  lateTransitMs = 0;
  transitBeforeMs = 0;
  lateSinceMs = 0;
  /** Runs of 25 such stamps in a row in which something was lost meanwhile, so that they do not tell how much. */
  lateRuns = 0;
  /** Stamps in a row that are too early, and how much at least. */
  earlyStamps = 0;
  earlyLeastMs = 0;
  /** Steps left out of which it is not sure yet that they are a loss: how many, in how many gaps, after how many stamps. */
  doubtfulSteps = 0;
  doubtfulGaps = 0;
  doubtfulStamps = 0;
  doubtedMs = 0;
  /** Those of them for which the audio has no hole yet. */
  heldSteps = 0;
  /** For so many steps on, what lies on the grid is not where it would be in the audio. */
  displacedSteps = 0;

  /** What the last stamp tells of loss: steps that are known to be lost from now on, and in how many gaps. */
  lostSteps = 0;
  gaps = 0;
  /** It showed that what was in doubt is not a loss. */
  isRefuted = false;

  load(ring: RingFigures): void {
    this.lostSteps = 0;
    this.gaps = 0;
    this.isRefuted = false;
    this.gridMs = ring.gridMs;
    loadStamps(ring, this);
    const newestMs = ring.newestTimestampMs;
    if (newestMs > this.highestMs) this.highestMs = newestMs;
  }

  store(ring: RingFigures): void {
    ring.gridMs = this.gridMs;
    // The newest packet is the latest, or the next one takes a closer look.
    const isNewest = ring.newestTimestampMs === this.highestMs;
    storeStamps(ring, this, isNewest && this.isSettled);
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
    this.lateRuns = 0;
    this.earlyStamps = 0;
    this.earlyLeastMs = 0;
    this.doubtfulStamps = 0;
    this.forgetDoubt();
    this.displacedSteps = 0;
  }

  /** From how far behind the grid on a stamp may mean loss. Beyond 50 ms of wander not a single frame's loss shows at once. */
  slackMs(stepMs: number): number {
    return Math.max(stepMs / 2, slackShare * this.wanderMs);
  }

  /** How far a stamp may be before the grid although its packet is in order. */
  leadMs(stepMs: number): number {
    return this.learnt < settleFrames ? stampWanderMs : stepMs / 2 + this.wanderMs;
  }

  /** How far off the grid a stamp may be and still be identified by it; negative if none can be. */
  toleranceMs(stepMs: number): number {
    if (this.wanderMs > stepMs / 2) return -1;
    return Math.min(0.4 * stepMs, this.learnt < settleFrames ? stepMs : 1.5 * this.wanderMs + regularMs);
  }

  /** So many steps on the grid, exactly; NaN if it is no whole number of them. */
  wholeSteps(ms: number, stepMs: number): number {
    const steps = Math.round(ms / stepMs);
    return Math.abs(ms - steps * stepMs) <= exactMs ? steps : Number.NaN;
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
