/**
 * A lease: a worker has its lane, and looks into it once per flush interval as long as messages come; when none came it parks.
 * Waking a parked worker costs the main thread ten times what a message does, so in between no thread is woken. A lease does not
 * end: the main thread may be busy for seconds with what came at once, and could not give the lane to the worker again before it
 * is full. So changes are sent while it lasts. Worker thread.
 */
import { changesDelayMs } from '../base/limits.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { GcPauses } from '../thread/gc-pauses.ts';
import type { FrameDecoder } from './frame-decoder.ts';
import type { LeaseChanges } from './lease-changes.ts';

export interface LeaseOptions {
  readonly lane: LaneHeader;
  readonly decoder: FrameDecoder;
  readonly flushIntervalMs: number;
  readonly gcPauses: Pick<GcPauses, 'collect'>;
  readonly clock: () => number;
  /** Sends changes to the main thread. */
  readonly tell: (changes: LeaseChanges) => void;
}

/** Works a lease on the decoder's lane. */
export function workLease({ lane, decoder, flushIntervalMs, gcPauses, clock, tell }: LeaseOptions): never {
  const delay = lane.histogram('delay');
  const gcPause = lane.histogram('gcPause');
  let nowMs = clock();
  let changesDueMs = Number.POSITIVE_INFINITY;
  let hasWorked = false;
  for (;;) {
    const { head } = lane;
    const tail = lane.loadTail();
    if (tail !== head) {
      const beganMs = nowMs;
      const waitedMs = decoder.decode(tail);
      if (waitedMs >= 0) delay.observeStall(Math.max(0, waitedMs - flushIntervalMs), flushIntervalMs);
      hasWorked = true;
      nowMs = clock();
      lane.busyMs += nowMs - beganMs;
      if (decoder.hasChanges) changesDueMs = Math.min(changesDueMs, nowMs + changesDelayMs);
    } else {
      if (hasWorked) lane.sleepAtHead(head, flushIntervalMs);
      else lane.park(tail, changesDueMs - nowMs);
      hasWorked = false;
      nowMs = clock();
    }
    gcPauses.collect(nowMs, gcPause);
    if (nowMs >= changesDueMs) {
      tell(decoder.takeChanges()!);
      changesDueMs = Number.POSITIVE_INFINITY;
    }
  }
}
