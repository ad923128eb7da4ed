/** Rings once, at the earliest of the times that it was set to since it rang last. Sink thread. */
export class Alarm {
  private readonly ring: (nowMs: number) => void;
  private timer: NodeJS.Timeout | null = null;
  private dueMs = Number.POSITIVE_INFINITY;
  private isOff = false;

  /** @param ring gets the time of `performance.now()` */
  constructor(ring: (nowMs: number) => void) {
    this.ring = ring;
  }

  set(dueMs: number): void {
    if (this.isOff || this.dueMs <= dueMs) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.dueMs = dueMs;
    this.timer = setTimeout(() => {
      this.dueMs = Number.POSITIVE_INFINITY;
      this.ring(performance.now());
    }, dueMs - performance.now());
  }

  /** For good. */
  off(): void {
    this.isOff = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
