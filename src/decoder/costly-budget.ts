/**
 * The time that messages take which are not plain audio: those that only a general parser can read, and that may cost fifty
 * times what others of their size do. Each stream has a little of it for certain, whatever others do; what all streams of a
 * lane want beyond that is bounded. Debts in shared memory that are paid back as time goes by, so any worker goes on with them.
 * Worker thread.
 */
import { costlySavedMs, costlyShare } from '../base/limits.ts';
import { lane, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { owe, owedMs } from './time-debt.ts';

const ofLane = lane.costlyMs / 8;
const ofStream = streamSlot.costlyMs / 8;

/** No message is charged for more, ms: a thread that was held up for longer is nobody's fault. Few messages cost so much. */
export function parseHeldUpMs(bytes: number): number {
  return 0.05 + bytes * 0.0001;
}

/** What a message costs, ms, that is not charged when every one goes to a general parser: twice what audio takes. */
export function parseOrdinaryMs(bytes: number): number {
  return 0.006 + bytes * 0.000_001;
}

export class CostlyBudget {
  private readonly lane: Float64Array;
  private readonly streams: Float64Array;

  constructor({ lanes, streams }: SharedMemory, laneIndex: number) {
    this.lane = lanes[laneIndex]!.f64;
    this.streams = streams.f64;
  }

  /** Whether a stream may have a message parsed, whatever that takes. */
  allows(streamAt: number, nowMs: number): boolean {
    return (
      owedMs(this.streams, streamAt / 8 + ofStream, costlyShare.ofStream, nowMs) < costlySavedMs.ofStream ||
      owedMs(this.lane, ofLane, costlyShare.ofLane, nowMs) < costlySavedMs.ofLane
    );
  }

  /** A message of so many bytes has taken so long. No message takes longer than `parseHeldUpMs`: the thread was held up. */
  charge(streamAt: number, bytes: number, tookMs: number, nowMs: number): void {
    const costMs = Math.min(tookMs, parseHeldUpMs(bytes));
    if (!(costMs > 0)) return;
    owe(this.streams, streamAt / 8 + ofStream, costlyShare.ofStream, costMs, nowMs);
    owe(this.lane, ofLane, costlyShare.ofLane, costMs, nowMs);
  }
}
