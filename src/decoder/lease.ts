/**
 * A lease: the time for which one worker has one lane, and the only kind of task that the pool gets. The worker looks into
 * the lane once per flush interval as long as messages come, and parks when none came. Waking a parked worker costs the main
 * thread ten times what a message does, so in between nobody is called. A worker that has no other lane never leaves: the main
 * thread may be busy for seconds with what came at once, and could not give the lane to it again before it is full. So changes are
 * sent while the lease goes on. Worker thread.
 */
import { changesDelayMs, leaseMsMax } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { GcPauses } from '../thread/gc-pauses.ts';
import type { FrameDecoder } from './frame-decoder.ts';
import type { LeaseChanges } from './lease-changes.ts';

export interface LeaseOptions {
  readonly memory: SharedMemory;
  readonly decoder: FrameDecoder;
  readonly flushIntervalMs: number;
  /** Other lanes wait for this worker: it goes home as soon as its lane is empty. */
  readonly isShared: boolean;
  readonly gcPauses: Pick<GcPauses, 'collect'>;
  readonly clock: () => number;
  /** Sends changes to the main thread. */
  readonly tell: (changes: LeaseChanges) => void;
}

/** In place of a lane: the worker only says that it is up. */
export const noLane = -1;

/** Works one lease on a lane. Returns only if other lanes wait. */
export function workLease(options: LeaseOptions, laneIndex: number): void {
  if (laneIndex === noLane) return;
  const { decoder, flushIntervalMs, isShared, gcPauses, clock, tell } = options;
  const lane = options.memory.lanes[laneIndex]!;
  const delay = lane.histogram('delay');
  const gcPause = lane.histogram('gcPause');
  let nowMs = clock();
  const deadlineMs = isShared ? nowMs + leaseMsMax : Number.POSITIVE_INFINITY;
  let changesDueMs = Number.POSITIVE_INFINITY;
  let hasWorked = false;
  for (;;) {
    const { head } = lane;
    const tail = lane.loadTail();
    if (tail !== head) {
      const beganMs = nowMs;
      const waitedMs = decoder.decode(laneIndex, tail);
      if (waitedMs >= 0) delay.observeStall(Math.max(0, waitedMs - flushIntervalMs), flushIntervalMs);
      hasWorked = true;
      nowMs = clock();
      lane.busyMs += nowMs - beganMs;
      if (decoder.hasChanges) changesDueMs = Math.min(changesDueMs, nowMs + changesDelayMs);
      if (nowMs >= deadlineMs) break;
    } else {
      if (isShared) break;
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
  const last = decoder.takeChanges();
  if (last !== null) tell(last);
}
