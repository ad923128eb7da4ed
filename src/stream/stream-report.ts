/**
 * What can be said about a stream at this moment: the answer of `/streams` and the record of an ended stream. Reads shared
 * memory while workers write it: each number is right, but they may be a batch apart. Main thread.
 */
import { type DropReason, dropReasons, reasonIndex, ring, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';
import type { Stream } from './stream.ts';

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
  /** RFC 3550 J now, its mean and its worst over the stream, in ms. */
  readonly jitterMs: number;
  readonly jitterMeanMs: number;
  readonly jitterWorstMs: number;
  readonly lastFrameAt: string | null;
}

export interface StreamReport {
  readonly id: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly subscriptionId: string | null;
  readonly mode: 'pending' | 'mixed' | 'unmixed';
  readonly sampleRate: number | null;
  readonly remoteAddress: string;
  readonly connectedAt: string;
  readonly state: Stream['phase'];
  readonly messages: number;
  readonly committed: number;
  readonly control: number;
  readonly ignored: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly audioBeforeMetadata: number;
  readonly participants: readonly ParticipantReport[];
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

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

export function participantCount(memory: SharedMemory, stream: Stream): number {
  return memory.streams.i32[(memory.streamOffset(stream.index) + streamSlot.participantCount) / 4]!;
}

function ringIndexOf(memory: SharedMemory, stream: Stream, participant: number): number {
  return memory.streams.i32[(memory.streamOffset(stream.index) + streamSlot.rings) / 4 + participant]!;
}

export function participantRing(memory: SharedMemory, stream: Stream, participant: number): ParticipantRing {
  const index = ringIndexOf(memory, stream, participant);
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

export function reportParticipant(memory: SharedMemory, stream: Stream, participant: number): ParticipantReport {
  const { handle, id, frames } = participantRing(memory, stream, participant);
  const { f64 } = memory.slabOf(handle.index);
  const base = memory.ringOffset(handle.index) / 8;
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
    jitterMs: rounded(f64[base + ring.jitterMs / 8]!),
    jitterMeanMs: jitterCount === 0 ? 0 : rounded(f64[base + ring.jitterSumMs / 8]! / jitterCount),
    jitterWorstMs: rounded(f64[base + ring.jitterWorstMs / 8]!),
    lastFrameAt: wallClock(f64[base + ring.referenceArrivalMs / 8]!),
  };
}

/** J of all participants together: its mean over everything that was compared, in ms; 0 before. */
export function meanJitterMs(memory: SharedMemory, stream: Stream): number {
  let sumMs = 0;
  let count = 0;
  for (let participant = 0; participant < participantCount(memory, stream); participant++) {
    const index = ringIndexOf(memory, stream, participant);
    const { f64 } = memory.slabOf(index);
    const base = memory.ringOffset(index) / 8;
    sumMs += f64[base + ring.jitterSumMs / 8]!;
    count += f64[base + ring.jitterCount / 8]!;
  }
  return count === 0 ? 0 : rounded(sumMs / count);
}

/** Hz; null while nothing has said. */
export function sampleRateOf(memory: SharedMemory, stream: Stream): number | null {
  const sampleRate = memory.streams.i32[(memory.streamOffset(stream.index) + streamSlot.sampleRate) / 4]!;
  if (sampleRate > 0) return sampleRate;
  return participantCount(memory, stream) > 0 ? participantRing(memory, stream, 0).sampleRate : null;
}

export function subscriptionIdOf(memory: SharedMemory, stream: Stream): string | null {
  const at = memory.streamOffset(stream.index);
  const { i32, bytes } = memory.streams;
  const start = at + streamSlot.subscriptionId;
  const length = i32[(at + streamSlot.subscriptionIdBytes) / 4]!;
  return length === 0 ? null : bytes.toString('utf8', start, start + length);
}

/** A stream whose rings are released has no report any more. */
export function reportStream(memory: SharedMemory, stream: Stream): StreamReport {
  const at = memory.streamOffset(stream.index);
  const { i32, f64 } = memory.streams;
  const count = participantCount(memory, stream);
  const dropped = Object.fromEntries(
    dropReasons.map((reason) => [reason, f64[(at + streamSlot.dropped) / 8 + reasonIndex[reason]]!]),
  ) as Record<DropReason, number>;
  dropped.lane_full += stream.messagesLaneFull;
  dropped.rate_limit += stream.messagesRateLimited;
  const isUnmixed = i32[(at + streamSlot.unmixed) / 4] === 1;
  return {
    id: stream.id,
    callConnectionId: stream.facts.callConnectionId,
    correlationId: stream.facts.correlationId,
    subscriptionId: subscriptionIdOf(memory, stream),
    mode: count === 0 ? 'pending' : isUnmixed ? 'unmixed' : 'mixed',
    sampleRate: sampleRateOf(memory, stream),
    remoteAddress: stream.facts.remoteAddress,
    connectedAt: stream.connectedAt.toISOString(),
    state: stream.phase,
    messages: stream.messages,
    committed: f64[(at + streamSlot.committed) / 8]!,
    control: f64[(at + streamSlot.control) / 8]!,
    ignored: f64[(at + streamSlot.ignored) / 8]! + stream.messagesIgnored,
    dropped,
    audioBeforeMetadata: f64[(at + streamSlot.audioBeforeMetadata) / 8]!,
    participants: Array.from({ length: count }, (_, participant) => reportParticipant(memory, stream, participant)),
  };
}
