/**
 * One timer for everything that happens at a time: items wait in buckets of a tick, and only the wheel has a setTimeout, only
 * while something waits. Due times are absolute, so lateness never adds up: after a stall everything that is due is visited at
 * once. Invariant: an item is visited at most once for each scheduling, and never before its time. Any one thread.
 */
export abstract class WheelItem {
  /** For the wheel alone: the bucket in which the item waits (-1: in none), and when it is due. */
  tick = -1;
  dueMs = 0;

  /** Called when due. May schedule itself again. */
  abstract visit(nowMs: number): void;
}

/** Items due later than this wait at the wheel's far end and are moved on from there. */
const spanTicks = 256;

export class TimerWheel {
  private readonly clock: () => number;
  private readonly tickMs: number;
  private readonly buckets: WheelItem[][] = Array.from({ length: spanTicks }, () => []);
  /** Emptied while its items are visited, and used again. */
  private spare: WheelItem[] = [];
  /** Entries in the buckets, stale ones included: an item that was cancelled or moved leaves its old entry behind. */
  private entries = 0;
  /** The last one that was gone through. */
  private tick: number;
  private isAdvancing = false;
  private timer: NodeJS.Timeout | null = null;
  private timerTick = Number.POSITIVE_INFINITY;

  /** `clock` gives milliseconds and never goes back. */
  constructor(clock: () => number, tickMs = 1) {
    this.clock = clock;
    this.tickMs = tickMs;
    this.tick = Math.floor(clock() / tickMs);
  }

  /** Replaces an earlier due time of the same item. */
  schedule(item: WheelItem, dueMs: number): void {
    // With nothing in it the wheel stood still. What is visited late may be due again before now.
    if (this.entries === 0 && !this.isAdvancing)
      this.tick = Math.max(this.tick, Math.floor(this.clock() / this.tickMs) - 1);
    const tick = Math.min(Math.max(Math.ceil(dueMs / this.tickMs), this.tick + 1), this.tick + spanTicks - 1);
    item.dueMs = dueMs;
    if (item.tick === tick) return;
    item.tick = tick;
    this.buckets[tick % spanTicks]!.push(item);
    this.entries++;
    if (tick < this.timerTick) this.arm(tick);
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

  /** Visits whatever is due. The wheel does so by itself; a test with a clock of its own calls it. */
  advance(nowMs: number): void {
    const target = Math.floor(nowMs / this.tickMs);
    this.isAdvancing = true;
    while (this.tick < target && this.entries > 0) {
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
    this.isAdvancing = false;
    if (this.entries === 0) this.tick = Math.max(this.tick, target);
  }

  private turn(item: WheelItem, tick: number, nowMs: number): void {
    // It was cancelled, or has another time by now.
    if (item.tick !== tick) return;
    item.tick = -1;
    if (item.dueMs > tick * this.tickMs) this.schedule(item, item.dueMs);
    else item.visit(nowMs);
  }

  private arm(tick: number): void {
    this.disarm();
    this.timerTick = tick;
    this.timer = setTimeout(this.onTimer, Math.max(1, tick * this.tickMs - this.clock()));
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
    this.timerTick = Number.POSITIVE_INFINITY;
    if (this.entries > 0) this.arm(this.firstTick());
  };

  private firstTick(): number {
    let tick = this.tick + 1;
    while (this.buckets[tick % spanTicks]!.length === 0) tick++;
    return tick;
  }
}
