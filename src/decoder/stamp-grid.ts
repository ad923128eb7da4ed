/**
 * What is learnt of a participant's timestamps. They are receive times: they wander, are quantised and drift while no audio
 * is lost. So they are held against a grid: the stamps that the packets would have if none of them had been delayed. The grid
 * advances by each packet's duration, lies at the lower edge of the stamps, and follows them slowly. A stamp behind its place
 * on the grid (late) says that its packet was delayed, or that packets before it were lost. Loss is what stays late: what none
 * of the next 25 stamps undoes. Of a participant whose stamps are regular it is clear at once.
 *
 * Reused. Worker thread.
 */

import { settleFrames, stampWanderMs } from './stamp-limits.ts';
import { regularMs, StampState, slackShare } from './stamp-state.ts';

/** So much the grid moves with every packet, to follow a drift: twice that of the worst clock, 500 ppm of 20 ms. */
const driftMs = 0.02;

/** One stamp that is too early moves it by so much at most. */
const pullMs = 2;

/** No packet comes sooner after its stamp than all others did, if its stamp is right; give or take so much. */
const transitMs = 5;

/** So many runs of late stamps are waited for one that tells. */
const lateRunsMax = 4;

export class StampGrid extends StampState {
  /** Another clock: what was learnt of how stamps wander stays. */
  set(timestampMs: number, positionMs: number, transitMs: number): void {
    const { learnt, wanderMs } = this;
    this.settle();
    this.begin(timestampMs, positionMs, transitMs);
    this.learnt = Math.max(1, learnt);
    this.wanderMs = wanderMs;
  }

  /** Continues after a pause, during which the stamps may have moved anywhere within their wander. */
  resume(timestampMs: number): void {
    this.gridMs = timestampMs;
    if (this.wanderMs > regularMs) this.learnt = 1;
    this.isAnchored = true;
    this.settle();
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
      this.moveTo(timestampMs);
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
    // Earlier lateness explains that much; if it was late by less, it says nothing about what is late now.
    this.lateLeastMs -= surely * stepMs;
    this.lateMostMs -= surely * stepMs;
    if (surely > 0 && this.lateLeastMs <= this.slackMs(stepMs)) this.lateStamps = 0;
    return surely;
  }

  /** Steps left out in doubt are lost when no stamp lies before the grid for a while; otherwise there never were any. */
  private resolveDoubt(timestampMs: number, stepMs: number): void {
    if (this.doubtfulSteps === 0) return;
    if (timestampMs - this.gridMs < -stepMs / 2) {
      this.gridMs -= this.doubtfulSteps * stepMs;
      this.wanderMs = Math.max(this.wanderMs, this.doubtedMs, stepMs);
      this.isRefuted = true;
      this.forgetDoubt();
    } else if (++this.doubtfulStamps >= settleFrames) this.endDoubt();
  }

  /** Another packet has the last stamp. It is one of the 25 that settle what is lost; if it is in time, nothing is. */
  takeSame(timestampMs: number, stepMs: number): void {
    if (this.lateStamps === 0) return;
    if (timestampMs - this.gridMs <= this.slackMs(stepMs)) this.lateStamps = 0;
    else this.lateStamps++;
  }

  /** The clock is a coarse one: nothing is known of what seemed to be left out, but where the next packet is on the grid. */
  refuteDoubt(nextMs: number, nextStepMs: number): void {
    const wasCoarse = this.isCoarse;
    this.isCoarse = true;
    if (this.doubtfulSteps === 0 || wasCoarse) return;
    this.originMs += nextMs - this.gridMs + this.doubtfulSteps * nextStepMs;
    this.gridMs = nextMs;
    this.isRefuted = true;
    this.forgetDoubt();
  }

  /** One of the steps in doubt came after all, so it was left out. */
  fillDoubt(): void {
    if (this.doubtfulSteps === 0) return;
    this.lose(1, Math.min(1, this.doubtfulGaps));
    if (--this.doubtfulSteps === 0) this.forgetDoubt();
    this.doubtfulGaps = Math.max(0, this.doubtfulGaps - 1);
    this.heldSteps = Math.min(this.heldSteps, this.doubtfulSteps);
  }

  /** What was in doubt is lost. */
  endDoubt(): void {
    this.lose(this.doubtfulSteps, this.doubtfulGaps);
    this.forgetDoubt();
  }

  /** Late stamps in a row: wander as soon as one is in time, loss if none is. Returns the steps that are lost. */
  private watchLate(timestampMs: number, arrivalMs: number, stepMs: number): number {
    const offMs = timestampMs - this.gridMs;
    const transit = arrivalMs - timestampMs;
    this.wanderMs *= 0.999;
    if (offMs <= this.slackMs(stepMs)) {
      this.lateRuns = 0;
      if (this.lateStamps > 0) this.wanderMs = Math.max(this.wanderMs, this.lateMostMs);
      this.wanderMs = Math.max(this.wanderMs, offMs);
      this.lateStamps = 0;
      return 0;
    }
    if (this.learnt < settleFrames && this.wanderMs > stepMs / 2) {
      // Of stamps that wander it has to be learnt first how far.
      this.wanderMs = Math.max(this.wanderMs, Math.min(offMs, stampWanderMs));
      return 0;
    }
    // So much later than those before it that something was lost only now: they say nothing about it.
    if (offMs > this.lateMostMs + stepMs && offMs - this.lateLeastMs > this.wanderMs + stepMs / 2) this.lateStamps = 0;
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
    return this.stepsOfRun(stepMs);
  }

  /** How many steps are lost when a whole run of stamps was late. */
  private stepsOfRun(stepMs: number): number {
    const { lateLeastMs, lateMostMs, wanderMs } = this;
    const spreadMs = lateMostMs - lateLeastMs;
    // More than wander: it began before the loss, or there was another one.
    const isMixed = wanderMs > stepMs / 2 && spreadMs > wanderMs + stepMs / 3;
    // Their delays wandered as before, so both their edges moved by what is lost; or they were much alike, and tell it all.
    const isAlike = spreadMs < wanderMs / 2 || wanderMs <= stepMs / 2;
    const lostMs = isAlike ? lateLeastMs - spreadMs / 8 : (lateLeastMs + lateMostMs - wanderMs) / 2;
    const steps = Math.round(lostMs / stepMs);
    const isBehind = lateLeastMs > Math.max(this.slackMs(stepMs), slackShare * spreadMs);
    if (isBehind && steps > 0 && (isAlike || lateMostMs > wanderMs + stepMs / 2)) {
      if (!isMixed) this.wanderMs = Math.max(wanderMs, spreadMs);
      return steps;
    }
    // The next run tells.
    if (isMixed && ++this.lateRuns < lateRunsMax) return 0;
    this.lateRuns = 0;
    this.wanderMs = Math.max(wanderMs, isBehind ? lateMostMs : spreadMs);
    return 0;
  }

  /** The grid lies elsewhere than was thought. */
  private moveTo(timestampMs: number): void {
    if (!this.isAnchored) this.originMs += timestampMs - this.gridMs;
    this.gridMs = timestampMs;
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
      this.moveTo(timestampMs);
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
