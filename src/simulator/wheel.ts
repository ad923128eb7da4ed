/**
 * One timer for everything that happens at a time: items wait in buckets of one millisecond, and only the wheel has a
 * setTimeout. Main thread. Due times are absolute, so lateness never adds up: after a stall everything that is due runs at
 * once. Invariants: an item is visited at most once per scheduling and never before its due time.
 */
export abstract class WheelItem {
  /** For the wheel alone: when the item is due, and the bucket in which it waits (-1: in none). */
  dueAt = 0;
  tick = -1;

  /** Called when due. May schedule itself again. */
  abstract visit(): void;
}

/** Items due later than this wait at the wheel's far end and are moved on from there. */
const spanTicks = 256;

export class TimerWheel {
  private readonly clock: () => number;
  private readonly buckets: WheelItem[][] = Array.from({ length: spanTicks }, () => []);
  /** Entries in the buckets, stale ones included: an item that was cancelled or moved leaves its old entry behind. */
  private entries = 0;
  private tick: number;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private timerTick = Number.POSITIVE_INFINITY;

  /** `clock` gives milliseconds and never goes back. */
  constructor(clock: () => number) {
    this.clock = clock;
    this.tick = Math.floor(clock());
  }

  /** Replaces an earlier due time of the same item. */
  schedule(item: WheelItem, dueAt: number): void {
    const tick = Math.min(Math.max(Math.ceil(dueAt), this.tick + 1), this.tick + spanTicks - 1);
    item.dueAt = dueAt;
    item.tick = tick;
    this.buckets[tick % spanTicks]!.push(item);
    this.entries++;
    if (tick < this.timerTick) this.arm();
  }

  cancel(item: WheelItem): void {
    item.tick = -1;
  }

  /** Nothing will be visited any more. */
  stop(): void {
    this.disarm();
    for (const bucket of this.buckets) bucket.length = 0;
    this.entries = 0;
  }

  /** Visits whatever is due at `now`. The wheel does so by itself; a test with a clock of its own calls it. */
  advance(now: number): void {
    const target = Math.floor(now);
    while (this.tick < target) {
      this.tick++;
      const at = this.tick % spanTicks;
      const bucket = this.buckets[at]!;
      if (bucket.length === 0) continue;
      this.buckets[at] = [];
      this.entries -= bucket.length;
      for (const item of bucket) this.turn(item);
    }
  }

  private turn(item: WheelItem): void {
    if (item.tick !== this.tick) return;
    if (item.dueAt > this.tick) {
      this.schedule(item, item.dueAt);
      return;
    }
    item.tick = -1;
    item.visit();
  }

  private arm(): void {
    this.disarm();
    if (this.entries === 0) return;
    let tick = this.tick + 1;
    while (this.buckets[tick % spanTicks]!.length === 0) tick++;
    this.timerTick = tick;
    this.timer = setTimeout(this.onTimer, Math.max(1, tick - this.clock()));
  }

  private disarm(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.timerTick = Number.POSITIVE_INFINITY;
  }

  private readonly onTimer = (): void => {
    this.timer = null;
    // What the visits schedule needs no timer of its own: one is set after all of them.
    this.timerTick = Number.NEGATIVE_INFINITY;
    this.advance(this.clock());
    this.arm();
  };
}
