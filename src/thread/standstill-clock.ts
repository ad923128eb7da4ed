/**
 * How long something has not moved, measured by who looks now and then: the time in which the looker did not turn either, as
 * in a process or a machine that was stopped, does not count beyond two of its intervals. Pure.
 */
export class StandstillClock {
  /** As of the last look. */
  stoodMs = 0;
  private readonly intervalMs: number;
  private seen = Number.NaN;
  private lookedMs = 0;

  /** @param intervalMs between two looks */
  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  /** @param mark what changes as long as it moves */
  look(mark: number, nowMs: number): number {
    if (mark === this.seen) this.stoodMs += Math.min(nowMs - this.lookedMs, 2 * this.intervalMs);
    else this.stoodMs = 0;
    this.seen = mark;
    this.lookedMs = nowMs;
    return this.stoodMs;
  }

  reset(): void {
    this.stoodMs = 0;
    this.seen = Number.NaN;
  }
}
