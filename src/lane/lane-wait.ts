/**
 * The main thread waits for a worker that has fallen behind, so that what comes at once after a stall of the network stays in
 * the sockets, where TCP holds it back, instead of being refused for want of room. It waits only while the worker gets on, and
 * a share of its time at the most: then the lane fills, and what does not fit is refused and counted. Main thread.
 */
import type { LaneHeader } from '../memory/lane-header.ts';

/**
 * With more than `fromBytes` in a lane the main thread waits until there is less than `untilBytes`: a residence of some
 * milliseconds. `share` of its time for all lanes, of which it may save up some.
 */
export const laneWait = { fromBytes: 2 * 2 ** 20, untilBytes: 2 ** 20, share: 0.2, savedMs: 2500 } as const;

/** How long it sleeps between two looks. The worker is never without work meanwhile. */
const lookMs = 1;

/** Above where any record stands. */
const doneMax = 2 ** 28;

/** A worker that did nothing in so many looks is not waited for. */
const stillLooksMax = 5;

export class LaneWait {
  /** For how long the main thread has waited, ms, ever. */
  waitedMs = 0;
  private readonly lane: LaneHeader;
  private readonly share: number;
  private readonly clock: () => number;
  private leftMs: number = laneWait.savedMs;
  private asOfMs: number;
  /** How far the worker had come when it was found to stand still. */
  private stuckAt = -1;

  /**
   * @param share of the main thread's time
   */
  constructor(lane: LaneHeader, share: number, clock: () => number = () => performance.now()) {
    this.lane = lane;
    this.share = share;
    this.clock = clock;
    this.asOfMs = clock();
  }

  /** Waits until the backlog is small, the worker makes no progress, or the budget is used up. */
  wait(backlog: { readonly backlogBytes: number }): void {
    let done = this.loadDone();
    if (done === this.stuckAt) return;
    const beganMs = this.clock();
    const leftMs = Math.min(laneWait.savedMs, this.leftMs + (beganMs - this.asOfMs) * this.share);
    const tail = this.lane.loadTail();
    let nowMs = beganMs;
    let stillLooks = 0;
    for (let looks = 0; looks * lookMs < leftMs && nowMs - beganMs < leftMs; looks++) {
      if (backlog.backlogBytes <= laneWait.untilBytes || stillLooks === stillLooksMax) break;
      this.lane.sleepAtTail(tail, lookMs);
      nowMs = this.clock();
      const before = done;
      done = this.loadDone();
      stillLooks = done === before ? stillLooks + 1 : 0;
    }
    this.stuckAt = stillLooks === stillLooksMax ? done : -1;
    this.leftMs = leftMs - (nowMs - beganMs);
    this.waitedMs += nowMs - beganMs;
    this.asOfMs = nowMs;
  }

  private loadDone(): number {
    // One that waits for a reader does stand still, but not for long.
    return this.lane.loadDone() + this.lane.loadGateWaits() * doneMax;
  }
}
