/**
 * The time that messages take which are not plain audio: those that only a general parser can read, and that may cost fifty
 * times what others of their size do. Each stream has a little of it for certain, whatever others do; what all streams of a
 * lane want beyond that is bounded. Debts in shared memory that are paid back as time passes, so any worker can continue them.
 * Worker thread.
 */
import { costlyMessagesMax, costlySavedMs, costlyShare, otherMessages } from '../base/limits.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { StreamSlot } from '../memory/stream-slot.ts';

/** No message is charged for more, ms: if a thread was held up for longer, no stream caused it. Few messages cost so much. */
export function parseHeldUpMs(bytes: number): number {
  return 0.05 + bytes * 0.0001;
}

/** What a message costs, ms, that is not charged when every one goes to a general parser: twice what audio takes. */
export function parseOrdinaryMs(bytes: number): number {
  return 0.006 + bytes * 0.000_001;
}

/** So many of its messages were dropped for what they cost that the stream is ended. Any thread. */
export function isTooCostly(stream: StreamSlot, nowMs: number): boolean {
  const dropped = stream.dropped('costly');
  return dropped > costlyMessagesMax && dropped > costlyMessagesMax + (nowMs - stream.beganMs) / 1000;
}

export class CostlyBudget {
  private readonly lane: LaneHeader;

  constructor(lane: LaneHeader) {
    this.lane = lane;
  }

  /** Whether a stream may have a message parsed, whatever that takes. */
  allows(stream: StreamSlot, nowMs: number): boolean {
    if (stream.otherMessagesOwed(otherMessages.perMs, nowMs) >= otherMessages.atOnceMax) return false;
    return (
      stream.costlyOwedMs(costlyShare.ofStream, nowMs) < costlySavedMs.ofStream ||
      this.lane.costlyOwedMs(costlyShare.ofLane, nowMs) < costlySavedMs.ofLane
    );
  }

  /** A message was parsed that is no audio: what it took besides is not measured. */
  countOther(stream: StreamSlot, nowMs: number): void {
    stream.oweOtherMessage(otherMessages.perMs, nowMs);
  }

  /** A message of so many bytes has taken so long. No message takes longer than `parseHeldUpMs`: the thread was held up. */
  charge(stream: StreamSlot, bytes: number, tookMs: number, nowMs: number): void {
    const costMs = Math.min(tookMs, parseHeldUpMs(bytes));
    if (!(costMs > 0)) return;
    stream.oweCostly(costlyShare.ofStream, costMs, nowMs);
    this.lane.oweCostly(costlyShare.ofLane, costMs, nowMs);
  }
}
