/**
 * The accounting identity: messages received = committed + control + ignored + dropped, by reason. Exact once nothing is
 * in flight; before that the difference is what waits in the lanes. Main thread.
 */
import type { LaneHeader } from '../memory/lane-header.ts';
import { type DropReason, dropReasons } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { Totals } from './totals.ts';

/** What became of every message since the start: received = committed + control + ignored + dropped + unaccounted. */
export interface Account {
  /** WebSocket messages taken from sockets, binary ones included. One beyond `maxMessageBytes` is not received. */
  readonly received: number;
  /** Audio messages whose frames are in a ring. */
  readonly committed: number;
  /** Metadata and DTMF tones. */
  readonly control: number;
  /** Messages of an unknown kind, and binary ones. */
  readonly ignored: number;
  /** Messages whose audio is in no ring: the sum of `droppedByReason`. */
  readonly dropped: number;
  /** Every reason is there, with 0 if it did not happen. */
  readonly droppedByReason: Readonly<Record<DropReason, number>>;
  /** received - committed - control - ignored - dropped: 0 once nothing is in flight. */
  readonly unaccounted: number;
}

/** Sum of a number over all lanes. */
export function sumLanes(memory: SharedMemory, numberOf: (lane: LaneHeader) => number): number {
  let sum = 0;
  for (const lane of memory.lanes) sum += numberOf(lane);
  return sum;
}

/**
 * Messages dealt with that are in no counter, or, if negative, in two: 0 at any time, whatever is in flight. Each lane's
 * worker holds its counters against the ordinal of the message it dealt with last; the rest is the main thread's.
 * @param messagesPushed into all lanes
 */
export function unaccounted(memory: SharedMemory, totals: Totals, messagesPushed: number): number {
  const { messagesReceived, messagesIgnored, messagesLaneFull, messagesRateLimited } = totals;
  const beforeLanes = messagesReceived - messagesIgnored - messagesLaneFull - messagesRateLimited - messagesPushed;
  return beforeLanes + sumLanes(memory, (lane) => lane.unaccounted);
}

export function account(memory: SharedMemory, totals: Totals): Account {
  const droppedByReason = Object.fromEntries(
    dropReasons.map((reason) => [reason, sumLanes(memory, (lane) => lane.dropped(reason))]),
  ) as Record<DropReason, number>;
  droppedByReason.lane_full += totals.messagesLaneFull;
  droppedByReason.rate_limit += totals.messagesRateLimited;

  const received = totals.messagesReceived;
  const committed = sumLanes(memory, (lane) => lane.committed);
  const control = sumLanes(memory, (lane) => lane.control);
  const ignored = sumLanes(memory, (lane) => lane.ignored) + totals.messagesIgnored;
  const dropped = dropReasons.reduce((sum, reason) => sum + droppedByReason[reason], 0);
  const unaccounted = received - committed - control - ignored - dropped;
  return { received, committed, control, ignored, dropped, droppedByReason, unaccounted };
}
