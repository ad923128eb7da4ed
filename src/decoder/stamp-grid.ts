/**
 * What is learnt of a participant's timestamps. They are receive times: they wander, are quantised and drift while no audio
 * is lost. So they are held against a grid: the stamps that the packets would have if none of them had been delayed. The grid
 * advances by each packet's duration, lies at the lower edge of the stamps, and follows them slowly. A stamp behind its place
 * on the grid (late) says that its packet was delayed, or that packets before it were lost. Loss is what stays late: what none
 * of the next 25 stamps undoes. Of a participant whose stamps are regular it is clear at once.
 *
 * State lives in the ring's header, from where it is loaded, and to which it is stored. Reused. Worker thread.
 */
import { settleFrames, stampWanderMs } from '../limits.ts';
import { ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';

/** Stamps that are regular are no further off than this: they are rounded to milliseconds. */
const regularMs = 1.1;

/** So much the grid moves with every packet, to follow a drift: twice that of the worst clock, 500 ppm of 20 ms. */
const driftMs = 0.02;

/** One stamp that is too early moves it by so much at most. */
const pullMs = 2;

/** No packet comes sooner after its stamp than all others did, if its stamp is right; give or take so much. */
const transitMs = 5;

export class StampGrid {
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
  /** Stamps in a row that are too late, and between what. */
  private lateStamps = 0;
  private lateLeastMs = 0;
  private lateMostMs = 0;
  /** The longest transit among them, and the shortest before them. */
  private lateTransitMs = 0;
  private transitBeforeMs = 0;
  private lateSinceMs = 0;
  /** Stamps in a row that are too early, and how much at least. */
  private earlyStamps = 0;
  private earlyLeastMs = 0;
  /** Steps left out of which it is not sure yet that they are a loss: how many, in how many gaps, after how many stamps. */
  private doubtfulSteps = 0;
  private doubtfulGaps = 0;
  private doubtfulStamps = 0;
  private doubtedMs = 0;
  /** Those of them for which the audio has no hole yet. */
  heldSteps = 0;
  /** For so many steps on, what lies on the grid is not where it would be in the audio. */
  displacedSteps = 0;

  load({ f64, at }: RingWriter): void {
    this.lostSteps = 0;
    this.gaps = 0;
    const base = at / 8;
    this.gridMs = f64[base + ring.gridMs / 8]!;
    this.highestMs = f64[base + ring.highestTimestampMs / 8]!;
    let field = base + ring.originMs / 8;
    this.originMs = f64[field++]!;
    this.leastTransitMs = f64[field++]!;
    this.learnt = f64[field++]!;
    this.wanderMs = f64[field++]!;
    this.sameMs = f64[field++]!;
    this.isCoarse = f64[field++]! > 0;
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
    f64[base + ring.unsettled / 8] = this.isSettled ? 0 : 1;
    let field = base + ring.originMs / 8;
    f64[field++] = this.originMs;
    f64[field++] = this.leastTransitMs;
    f64[field++] = this.learnt;
    f64[field++] = this.wanderMs;
    f64[field++] = this.sameMs;
    f64[field++] = this.isCoarse ? 1 : 0;
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

  /** Another clock: what was learnt of how stamps wander stays. */
  set(timestampMs: number, positionMs: number, transitMs: number): void {
    const { learnt, wanderMs } = this;
    this.settle();
    this.begin(timestampMs, positionMs, transitMs);
    this.learnt = Math.max(1, learnt);
    this.wanderMs = wanderMs;
  }

  /** Goes on behind a pause, during which the stamps may have moved anywhere within their wander. */
  resume(timestampMs: number): void {
    this.gridMs = timestampMs;
    if (this.wanderMs > regularMs) this.learnt = 1;
    this.settle();
  }

  get isRegular(): boolean {
    return this.wanderMs <= regularMs;
  }

  /** From how far behind the grid on a stamp may mean loss. Beyond 50 ms of wander not a single frame's loss shows at once. */
  slackMs(stepMs: number): number {
    return Math.max(stepMs / 2, 0.35 * this.wanderMs);
  }

  /** How far a stamp may be before the grid although its packet is in order. */
  leadMs(stepMs: number): number {
    return this.learnt < settleFrames ? stampWanderMs : stepMs / 2 + this.wanderMs;
  }

  /** How far off the grid a stamp may be that is told by it; negative if none can be. */
  toleranceMs(stepMs: number): number {
    return this.wanderMs > stepMs / 2 ? -1 : 0.4 * stepMs;
  }

  /** So many steps on the grid, within what rounding explains; NaN if it is no whole number of them. */
  wholeSteps(ms: number, stepMs: number): number {
    const steps = Math.round(ms / stepMs);
    return Math.abs(ms - steps * stepMs) <= Math.min(regularMs, stepMs / 4) ? steps : Number.NaN;
  }

  /**
   * Takes the next stamp in, which lies `offMs` behind its place on the grid, or before it. Moves the grid.
   * Returns how many steps are left out before it; `lostSteps` is how many are known to be lost from now on.
   */
  take(timestampMs: number, arrivalMs: number, sinceLastMs: number, stepMs: number): number {
    const transit = arrivalMs - timestampMs;
    // It came at the pace of the packets, and yet sooner after its stamp than any other: in a burst many do.
    const isTooSoon = transit < this.leastTransitMs - transitMs && Math.abs(sinceLastMs - stepMs) < stepMs / 2;
    if (this.lateStamps === 0) this.transitBeforeMs = this.leastTransitMs;
    if (transit < this.leastTransitMs) this.leastTransitMs = transit;
    this.sameMs = 0;
    if (this.learnt === 0) {
      this.originMs += timestampMs - this.gridMs;
      this.gridMs = timestampMs;
    }
    this.resolveDoubt(timestampMs, stepMs);
    let leftOut = this.obviousSteps(timestampMs - this.gridMs, stepMs, isTooSoon, sinceLastMs);
    this.gridMs += leftOut * stepMs;
    const settled = this.watchLate(timestampMs, arrivalMs, stepMs);
    this.gridMs += settled * stepMs;
    this.lose(settled, 1);
    leftOut += settled;
    this.follow(timestampMs);
    if (timestampMs > this.highestMs) this.highestMs = timestampMs;
    if (this.learnt < settleFrames) this.learnt++;
    return leftOut;
  }

  /** What the last stamp tells of loss: steps that are known to be lost from now on, and in how many gaps. */
  lostSteps = 0;
  gaps = 0;

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

  private settle(): void {
    this.lateStamps = 0;
    this.earlyStamps = 0;
    this.endDoubt();
  }

  private lose(steps: number, gaps: number): void {
    if (steps === 0) return;
    this.lostSteps += steps;
    this.gaps += gaps;
  }

  /** Steps that are left out before a stamp, as far as this one stamp tells. */
  private obviousSteps(offMs: number, stepMs: number, isTooSoon: boolean, sinceLastMs: number): number {
    if (offMs <= this.slackMs(stepMs)) return 0;
    if (this.wanderMs <= stepMs / 2) {
      const steps = Math.round(offMs / stepMs);
      const isExact = this.isRegular && this.wholeSteps(offMs, stepMs) === steps;
      if (isExact && !isTooSoon) this.lose(steps, 1);
      else {
        // Loss, as stamps were so far; or the first one that wanders by more than half a packet.
        this.doubtfulSteps += steps;
        this.doubtfulGaps++;
        this.doubtfulStamps = 0;
        this.doubtedMs = Math.max(this.doubtedMs, offMs);
        // Unless our own clock says the same.
        if (!isExact && Math.abs(sinceLastMs - stepMs - offMs) > stepMs / 2) this.heldSteps += steps;
      }
      return steps;
    }
    // As many as wander cannot explain; what is left has to prove itself.
    const surely = Math.max(0, Math.floor((offMs - Math.max(this.wanderMs, stampWanderMs)) / stepMs));
    this.lose(surely, 1);
    return surely;
  }

  /** Steps left out in doubt are lost when no stamp lies before the grid for a while; otherwise there never were any. */
  private resolveDoubt(timestampMs: number, stepMs: number): void {
    if (this.doubtfulSteps === 0) return;
    if (timestampMs - this.gridMs < -stepMs / 2) {
      this.gridMs -= this.doubtfulSteps * stepMs;
      this.wanderMs = Math.max(this.wanderMs, this.doubtedMs, stepMs);
      this.forgetDoubt();
    } else if (++this.doubtfulStamps >= settleFrames) this.endDoubt();
  }

  /** The clock is a coarse one: nothing is known of what seemed to be left out, but where the next packet is on the grid. */
  refuteDoubt(nextMs: number, nextStepMs: number): void {
    const wasCoarse = this.isCoarse;
    this.isCoarse = true;
    if (this.doubtfulSteps === 0 || wasCoarse) return;
    this.originMs += nextMs - this.gridMs + this.heldSteps * nextStepMs;
    this.gridMs = nextMs;
    this.forgetDoubt();
  }

  /** What was in doubt is lost. */
  endDoubt(): void {
    this.lose(this.doubtfulSteps, this.doubtfulGaps);
    this.forgetDoubt();
  }

  private forgetDoubt(): void {
    this.doubtfulSteps = 0;
    this.doubtfulGaps = 0;
    this.doubtedMs = 0;
    this.heldSteps = 0;
  }

  /** Late stamps in a row: wander as soon as one is in time, loss if none is. Returns the steps that are lost. */
  private watchLate(timestampMs: number, arrivalMs: number, stepMs: number): number {
    const offMs = timestampMs - this.gridMs;
    const transit = arrivalMs - timestampMs;
    this.wanderMs *= 0.999;
    if (offMs <= this.slackMs(stepMs)) {
      if (this.lateStamps > 0) this.wanderMs = Math.max(this.wanderMs, this.lateMostMs);
      this.wanderMs = Math.max(this.wanderMs, offMs);
      this.lateStamps = 0;
      return 0;
    }
    this.lateLeastMs = this.lateStamps === 0 ? offMs : Math.min(this.lateLeastMs, offMs);
    this.lateMostMs = this.lateStamps === 0 ? offMs : Math.max(this.lateMostMs, offMs);
    if (this.lateStamps === 0) this.lateSinceMs = arrivalMs;
    this.lateTransitMs = this.lateStamps === 0 ? transit : Math.max(this.lateTransitMs, transit);
    if (++this.lateStamps < settleFrames) return 0;
    this.lateStamps = 0;
    // All of them came sooner after their stamps than any other did, and not in a burst: the stamps are late, nothing else.
    const isPaced = arrivalMs - this.lateSinceMs > 0.8 * settleFrames * stepMs;
    if (isPaced && this.lateTransitMs < this.transitBeforeMs - transitMs) {
      this.wanderMs = Math.max(this.wanderMs, this.lateMostMs);
      return 0;
    }
    this.wanderMs = Math.max(this.wanderMs, this.lateMostMs - this.lateLeastMs);
    if (this.lateLeastMs <= this.slackMs(stepMs)) return 0;
    // The least of 25 stamps is that much behind the least of all.
    return Math.max(1, Math.round((this.lateLeastMs - this.wanderMs / (settleFrames + 1)) / stepMs));
  }

  /** Moves the grid to the lower edge of the stamps: at once while it is learnt, then slowly. */
  private follow(timestampMs: number): void {
    // In doubt it stays: stamps that drift away from it are what tells.
    if (this.doubtfulSteps > 0) return;
    const offMs = timestampMs - this.gridMs;
    if (offMs >= 0) {
      this.earlyStamps = 0;
      if (this.learnt >= settleFrames) this.gridMs += Math.min(driftMs, offMs);
      return;
    }
    if (this.learnt < settleFrames) {
      this.gridMs += offMs;
      this.originMs += offMs;
      return;
    }
    this.gridMs += Math.max(offMs / 2, -pullMs);
    if (offMs > -10) {
      this.earlyStamps = 0;
      return;
    }
    this.earlyLeastMs = this.earlyStamps === 0 ? offMs : Math.max(this.earlyLeastMs, offMs);
    if (++this.earlyStamps < settleFrames) return;
    // The clock was set back by a little.
    this.gridMs += this.earlyLeastMs;
    this.highestMs = timestampMs;
    this.earlyStamps = 0;
  }
}
