/**
 * What can be said about one ring at this moment. Reads shared memory while a worker writes it: each number is right, but they may
 * be a batch apart. Main thread.
 */
import { ring } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';

/** What one participant sent, and how: counts of frames of 20 ms. */
export interface ParticipantReport {
  /** null when the audio is mixed. */
  readonly id: string | null;
  readonly frames: number;
  readonly silentFrames: number;
  readonly missingFrames: number;
  readonly gaps: number;
  readonly duplicateFrames: number;
  readonly outOfOrderFrames: number;
  /** How often audio came back after a while without any that was no loss. */
  readonly pauses: number;
  /** Audio messages whose timestamp said nothing. */
  readonly unusableTimestamps: number;
  /** How far timestamps have lain off their own grid lately, at most, in ms. */
  readonly timestampDeviationMs: number;
  /** RFC 3550 J now, its mean and its worst over the stream, in ms. */
  readonly jitterMs: number;
  readonly jitterMeanMs: number;
  readonly jitterWorstMs: number;
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
