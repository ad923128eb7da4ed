/**
 * What can be said about one ring at this moment. Reads shared memory while a worker writes it: each number is right, but they may
 * be a batch apart. Main thread.
 */
import { ringFigures } from '../memory/ring-figures.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';

/** What one participant sent. A frame is 20 ms. Frames really lost: `missingFrames` - `outOfOrderFrames`. */
export interface ParticipantReport {
  /** ACS's id of the participant; null when the audio is mixed. Personal data. */
  readonly id: string | null;
  /** Frames written to its ring. */
  readonly frames: number;
  /** Of these, flagged silent by ACS. */
  readonly silentFrames: number;
  /** Frames that should have come before a later one and had not. */
  readonly missingFrames: number;
  /** How often that happened. */
  readonly gaps: number;
  /** Frames whose timestamp and audio had come before. */
  readonly duplicateFrames: number;
  /** Frames that arrived after a later one, for the first time. */
  readonly outOfOrderFrames: number;
  /** How often audio returned after a pause that is no loss: not dominant, or on hold. */
  readonly pauses: number;
  /** Audio messages whose timestamp is absent, unreadable, before 2000, or the same for more than a second. */
  readonly unusableTimestamps: number;
  /** How far its timestamps lie off their own grid at most, lately, in ms: ACS's share of the jitter. */
  readonly timestampDeviationMs: number;
  /** J of RFC 3550 section 6.4.1 now, in ms. */
  readonly jitterMs: number;
  /** The mean of J over the stream, in ms. */
  readonly jitterMeanMs: number;
  /** The highest J of the stream, in ms. */
  readonly jitterWorstMs: number;
  /** When its last message arrived, by this machine's clock: ISO 8601 in UTC with milliseconds, `2026-01-31T09:30:00.020Z`; null before. */
  readonly lastFrameAt: string | null;
}

/** A participant's ring and what the sinks need to know about it. */
export interface ParticipantRing {
  readonly handle: RingAddress;
  readonly id: string | null;
  readonly sampleRate: number;
  readonly frames: number;
  readonly state: number;
}

function wallClock(ms: number): string | null {
  return ms === 0 ? null : new Date(performance.timeOrigin + ms).toISOString();
}

export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export function describeRing(memory: SharedMemory, index: number): ParticipantRing {
  const ring = ringFigures(memory, index);
  const { idStart, idEnd, sampleRate } = ring;
  return {
    handle: { index, generation: ring.loadGeneration() },
    id: idStart === idEnd ? null : memory.slabOf(index).bytes.toString('utf8', idStart, idEnd),
    sampleRate,
    state: ring.loadState(),
    frames: ring.loadHead(),
  };
}

/** What stands in one ring; a participant whose ring was full has several. */
export function reportRing(memory: SharedMemory, index: number): ParticipantReport {
  const { id, frames } = describeRing(memory, index);
  const ring = ringFigures(memory, index);
  return {
    id,
    frames,
    silentFrames: ring.silentFrames,
    missingFrames: ring.missingFrames,
    gaps: ring.gaps,
    duplicateFrames: ring.duplicateFrames,
    outOfOrderFrames: ring.outOfOrderFrames,
    pauses: ring.pauses,
    unusableTimestamps: ring.unusableStamps,
    timestampDeviationMs: rounded(ring.wanderMs),
    jitterMs: rounded(ring.jitterMs),
    jitterMeanMs: ring.jitterCount === 0 ? 0 : rounded(ring.jitterSumMs / ring.jitterCount),
    jitterWorstMs: rounded(ring.jitterWorstMs),
    lastFrameAt: wallClock(ring.referenceArrivalMs),
  };
}

/** Sum of J over everything that was compared in a ring, in ms, and how often that was. */
export interface RingJitter {
  readonly sumMs: number;
  readonly count: number;
}

export function ringJitter(memory: SharedMemory, index: number): RingJitter {
  const ring = ringFigures(memory, index);
  return { sumMs: ring.jitterSumMs, count: ring.jitterCount };
}

/** What stood in a ring that was full, and, while that is not given back, when it will be. */
export interface FullRing {
  readonly index: number;
  readonly report: ParticipantReport;
  readonly jitter: RingJitter;
  timer: NodeJS.Timeout | null;
}
