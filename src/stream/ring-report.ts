/**
 * What can be said about one ring at this moment. Reads shared memory while a worker writes it: each number is right, but they may
 * be a batch apart. Main thread.
 */
import { ring } from '../memory/layout.ts';
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
  readonly firstTimestampMs: number;
}

function wallClock(ms: number): string | null {
  return ms === 0 ? null : new Date(performance.timeOrigin + ms).toISOString();
}

export function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export function describeRing(memory: SharedMemory, index: number): ParticipantRing {
  const { i32, f64, bytes } = memory.slabOf(index);
  const at = memory.ringOffset(index);
  const idBytes = i32[(at + ring.idBytes) / 4]!;
  return {
    handle: { index, generation: i32[(at + ring.generation) / 4]! },
    id: idBytes === 0 ? null : bytes.toString('utf8', at + ring.id, at + ring.id + idBytes),
    sampleRate: i32[(at + ring.sampleRate) / 4]!,
    state: Atomics.load(i32, (at + ring.state) / 4),
    frames: Atomics.load(i32, (at + ring.head) / 4),
    firstTimestampMs: f64[(at + ring.firstTimestampMs) / 8]!,
  };
}

/** What stands in one ring; a participant whose ring was full has several. */
export function reportRing(memory: SharedMemory, index: number): ParticipantReport {
  const { id, frames } = describeRing(memory, index);
  const { f64 } = memory.slabOf(index);
  const base = memory.ringOffset(index) / 8;
  const jitterCount = f64[base + ring.jitterCount / 8]!;
  return {
    id,
    frames,
    silentFrames: f64[base + ring.silentFrames / 8]!,
    missingFrames: f64[base + ring.missingFrames / 8]!,
    gaps: f64[base + ring.gaps / 8]!,
    duplicateFrames: f64[base + ring.duplicateFrames / 8]!,
    outOfOrderFrames: f64[base + ring.outOfOrderFrames / 8]!,
    pauses: f64[base + ring.pauses / 8]!,
    unusableTimestamps: f64[base + ring.unusableStamps / 8]!,
    timestampDeviationMs: rounded(f64[base + ring.wanderMs / 8]!),
    jitterMs: rounded(f64[base + ring.jitterMs / 8]!),
    jitterMeanMs: jitterCount === 0 ? 0 : rounded(f64[base + ring.jitterSumMs / 8]! / jitterCount),
    jitterWorstMs: rounded(f64[base + ring.jitterWorstMs / 8]!),
    lastFrameAt: wallClock(f64[base + ring.referenceArrivalMs / 8]!),
  };
}

/** Sum of J over everything that was compared in a ring, in ms, and how often that was. */
export interface RingJitter {
  readonly sumMs: number;
  readonly count: number;
}

export function ringJitter(memory: SharedMemory, index: number): RingJitter {
  const { f64 } = memory.slabOf(index);
  const base = memory.ringOffset(index) / 8;
  return { sumMs: f64[base + ring.jitterSumMs / 8]!, count: f64[base + ring.jitterCount / 8]! };
}

/** What stood in a ring that was full, and, while that is not given back, when it will be. */
export interface FullRing {
  readonly index: number;
  readonly report: ParticipantReport;
  readonly jitter: RingJitter;
  timer: NodeJS.Timeout | null;
}
