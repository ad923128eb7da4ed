/**
 * What one stream may still send: messages by their size, pings and pongs like the shortest of them. A stall leaves it messages to catch up with; so
 * does a new stream begin, less what its address owes. Small integers throughout: every message passes here. Main thread.
 */
import { catchUpSeconds, excessMessagesMax, excessMessagesOfDebtorMax, messageUnitBytes } from '../base/limits.ts';

const tickMs = 100;
const ticksPerSecond = 1000 / tickMs;
/** What a stream may owe when it ends without being asked for it. */
const forgivenMessages = 20;
/** The least with which a stream begins, in seconds' worth: until the next tick, with a margin. */
const startSeconds = 1 / 8;

export class Allowance {
  /** In tenths of a message, so that every tick adds a whole number. */
  private left: number;
  private readonly most: number;
  private readonly perTick: number;
  private readonly begunWith: number;
  private tick: number;
  /** What it sent beyond the limit, and how much before it is a flood. */
  private excess = 0;
  private readonly excessMax: number;
  /** Its address owes: no more patience. */
  readonly isOfDebtor: boolean;

  /** @param debt messages that its address owes */
  constructor(messagesPerSecond: number, debt: number, nowMs: number) {
    this.perTick = messagesPerSecond;
    this.most = messagesPerSecond * ticksPerSecond * catchUpSeconds;
    const least = Math.ceil(messagesPerSecond * ticksPerSecond * startSeconds);
    this.begunWith = Math.max(least, this.most - Math.ceil(debt) * ticksPerSecond);
    this.left = this.begunWith;
    this.isOfDebtor = debt > 0 && this.begunWith < this.most / 2;
    this.excessMax = this.isOfDebtor ? excessMessagesOfDebtorMax : excessMessagesMax;
    this.tick = Math.floor(nowMs / tickMs);
  }

  /** Whether a message, or a control frame, is within what the stream may send. Counts it either way. */
  take(bytes: number, nowMs: number): boolean {
    const tick = Math.floor(nowMs / tickMs);
    if (tick !== this.tick) this.saveUp(tick);
    const left = this.left - ticksPerSecond * Math.max(1, Math.ceil(bytes / messageUnitBytes));
    if (left < 0) {
      this.excess++;
      return false;
    }
    this.left = left;
    return true;
  }

  /** It sends so much that even dropping it costs the others. */
  get isFlood(): boolean {
    return this.excess > this.excessMax;
  }

  /** Messages that it had in advance and did not pay back, and those beyond the limit. A few are not a burst. */
  get owed(): number {
    const inAdvance = (this.begunWith - this.left) / ticksPerSecond;
    return Math.max(0, inAdvance - forgivenMessages) + this.excess;
  }

  private saveUp(tick: number): void {
    const ticks = tick - this.tick;
    this.left = Math.min(this.most, this.left + ticks * this.perTick);
    this.excess = Math.max(0, this.excess - Math.ceil((ticks * this.perTick) / ticksPerSecond));
    this.tick = tick;
  }
}
