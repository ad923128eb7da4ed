/**
 * One timer for all streams that speak: they wait in buckets of 5 ms, and only while somebody waits is there a timer. Due times
 * are absolute: after a stall everything that is due is visited at once. Invariant: an item is visited at most once for each
 * scheduling, and never before its time. Main thread.
 */

const tickMs = 5;
/** Items due later wait at the far end, and are moved on from there. */
const spanTicks = 128;

export interface WheelItem {
  /** For the wheel alone: the bucket in which it waits; -1: in none. */
  tick: number;
  dueMs: number;
  visit(nowMs: number): void;
}

export class Wheel {
  private readonly clock: () => number;
  private readonly buckets: WheelItem[][] = Array.from({ length: spanTicks }, () => []);
  /** Emptied while its items are visited, and used again. */
  private spare: WheelItem[] = [];
  private entries = 0;
  /** The last one that was gone through. */
  private tick: number;
  private timer: NodeJS.Timeout | null = null;

  constructor(clock: () => number) {
    this.clock = clock;
    this.tick = Math.floor(clock() / tickMs);
  }

  /** Replaces an earlier due time. */
  schedule(item: WheelItem, dueMs: number): void {
    // With nobody there the wheel stood still.
    if (this.entries === 0) this.tick = Math.max(this.tick, Math.floor(this.clock() / tickMs) - 1);
    const tick = Math.min(Math.max(Math.ceil(dueMs / tickMs), this.tick + 1), this.tick + spanTicks - 1);
    item.dueMs = dueMs;
    if (item.tick === tick) return;
    item.tick = tick;
    this.buckets[tick % spanTicks]!.push(item);
    this.entries++;
    this.timer ??= this.arm();
  }

  cancel(item: WheelItem): void {
    item.tick = -1;
  }

  /** Visits what is due. The timer does; a test with a clock of its own calls it. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / tickMs);
    while (this.tick < target && this.entries > 0) {
      // Who is visited may move the wheel on.
      const tick = ++this.tick;
      const at = tick % spanTicks;
      const bucket = this.buckets[at]!;
      if (bucket.length === 0) continue;
      this.buckets[at] = this.spare;
      this.entries -= bucket.length;
      for (const item of bucket) this.turn(item, tick, nowMs);
      bucket.length = 0;
      this.spare = bucket;
    }
    if (this.entries === 0) this.tick = target;
  }

  /** Nothing is visited any more. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.entries = 0;
    for (const bucket of this.buckets) bucket.length = 0;
  }

  private turn(item: WheelItem, tick: number, nowMs: number): void {
    // It was cancelled, or has another time by now.
    if (item.tick !== tick) return;
    item.tick = -1;
    if (item.dueMs > nowMs) this.schedule(item, item.dueMs);
    else item.visit(nowMs);
  }

  private arm(): NodeJS.Timeout {
    return setTimeout(this.onTimer, Math.max(1, (this.tick + 1) * tickMs - this.clock()));
  }

  private readonly onTimer = (): void => {
    this.timer = null;
    this.advance(this.clock());
    // What was visited may have armed it already.
    if (this.entries > 0) this.timer ??= this.arm();
  };
}
