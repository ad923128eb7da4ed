/**
 * The admin port's share of the main thread: what is not used is saved up for a while, and who comes when it is spent waits
 * until there is some again, one behind the other. What counts is the time of the processor: on a machine that has none left,
 * or after a standstill, the port would be deaf for as long as it takes to save up what the clock says. Main thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { adminSavedMsMax, adminShare } from '../base/limits.ts';

export class TimeBudget {
  private readonly clock: () => number;
  private readonly used: () => number;
  private leftMs = adminSavedMsMax;
  private asOfMs: number;
  private queue: Promise<void> = Promise.resolve();

  /** @param used time that was used for work, ms */
  constructor(clock: () => number, used: () => number) {
    this.clock = clock;
    this.used = used;
    this.asOfMs = clock();
  }

  /** Does a piece of work when there is time for it, behind those that were asked for before. */
  spend<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.queue.then(async () => {
      while (this.saved() <= 0) await sleep(Math.ceil(-this.leftMs / adminShare) + 1);
      const before = this.used();
      try {
        return await work();
      } finally {
        // No piece of work takes more, whatever a clock says.
        this.charge(Math.min(this.used() - before, adminSavedMsMax));
      }
    });
    this.queue = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** Counts what was done without asking: a connection, an answer that must not wait. */
  charge(ms: number): void {
    this.leftMs = this.saved() - ms;
  }

  private saved(): number {
    const nowMs = this.clock();
    this.leftMs = Math.min(adminSavedMsMax, this.leftMs + (nowMs - this.asOfMs) * adminShare);
    this.asOfMs = nowMs;
    return this.leftMs;
  }
}
