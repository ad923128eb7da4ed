/**
 * A shift: the time for which one worker has one lane, and the only kind of task that the pool gets. The worker looks into
 * the lane once per flush interval as long as messages come, parks when none came, and goes home when the lane stays quiet,
 * when it has news for the main thread, or when the shift has been long enough. Waking a parked worker costs the main thread
 * ten times what a message does, so between these ends nobody is called. Worker thread.
 */
import { newsDelayMs, quietShiftMs, shiftMsMax } from '../limits.ts';
import { lane } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { FrameDecoder } from './frame-decoder.ts';

export interface ShiftResult {
  /** Streams with news for the main thread: metadata, a participant, the end. */
  readonly news: readonly number[];
  /** What went wrong inside, one line each; the records concerned are counted as `worker_lost`. */
  readonly faults: readonly string[];
  /** DTMF tones, if any came. */
  readonly tones?: readonly StreamTone[];
}

/** Personal data, often a secret: for whoever listens, never for a log. */
export interface StreamTone {
  readonly streamIndex: number;
  readonly tone: string;
}

export interface ShiftOptions {
  readonly memory: SharedMemory;
  readonly decoder: FrameDecoder;
  readonly flushIntervalMs: number;
  /** Other lanes wait for this worker: it goes home as soon as its lane is empty. */
  readonly isShared: boolean;
  readonly clock: () => number;
}

/** In place of a lane: the worker only says that it is up. */
export const noLane = -1;

/** Works one shift on a lane. Returns null when there is nothing to tell, as after most shifts. */
export function workShift(options: ShiftOptions, laneIndex: number): ShiftResult | null {
  if (laneIndex === noLane) return null;
  const { decoder, flushIntervalMs, isShared, clock } = options;
  const { i32, f64 } = options.memory.lanes[laneIndex]!;
  const counters = decoder.countersOf(laneIndex);
  let nowMs = clock();
  let homeMs = nowMs + shiftMsMax;
  let quietMs = nowMs + quietShiftMs;
  let hasWorked = false;
  for (;;) {
    const head = i32[lane.head / 4]!;
    const tail = Atomics.load(i32, lane.tail / 4);
    if (tail !== head) {
      const beganMs = nowMs;
      const waitedMs = decoder.decode(laneIndex, tail);
      if (waitedMs >= 0) counters.delay.observeStall(Math.max(0, waitedMs - flushIntervalMs), flushIntervalMs);
      hasWorked = true;
      nowMs = clock();
      f64[lane.busyMs / 8]! += nowMs - beganMs;
      quietMs = nowMs + quietShiftMs;
      if (decoder.hasNews) homeMs = Math.min(homeMs, nowMs + newsDelayMs);
      if (nowMs >= homeMs) break;
      continue;
    }
    const restMs = Math.min(homeMs, quietMs) - nowMs;
    if (isShared || restMs <= 0) break;
    // Nobody ever wakes a waiter of the head.
    if (hasWorked) Atomics.wait(i32, lane.head / 4, head, flushIntervalMs);
    else park(i32, tail, restMs);
    hasWorked = false;
    nowMs = clock();
  }
  return decoder.takeResult();
}

/** Sleeps until the main thread has pushed something behind `tail`. */
function park(i32: Int32Array, tail: number, timeoutMs: number): void {
  Atomics.add(i32, lane.parked / 4, 1);
  Atomics.wait(i32, lane.tail / 4, tail, timeoutMs);
  Atomics.add(i32, lane.parked / 4, 1);
}
