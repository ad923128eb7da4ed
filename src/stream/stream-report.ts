/**
 * What can be said about a stream at this moment: the answer of `/streams` and the record of an ended stream. Reads shared
 * memory while workers write it: each number is right, but they may be a batch apart. Main thread.
 */
import { type DropReason, dropReasons, reasonIndex, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { type Labels, labelled } from '../ring/track.ts';
import {
  describeRing,
  type ParticipantReport,
  type ParticipantRing,
  reportRing,
  ringJitter,
  rounded,
} from './ring-report.ts';
import type { Stream } from './stream.ts';

export interface StreamReport {
  readonly id: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  readonly subscriptionId: string | null;
  readonly mode: 'pending' | 'mixed' | 'unmixed';
  readonly sampleRate: number | null;
  readonly remoteAddress: string;
  readonly connectedAt: string;
  readonly state: Stream['phase'] | 'stalled';
  readonly messages: number;
  readonly committed: number;
  readonly control: number;
  readonly ignored: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  readonly audioBeforeMetadata: number;
  readonly participants: readonly ParticipantReport[];
}

export function participantCount(memory: SharedMemory, stream: Stream): number {
  return Atomics.load(memory.streams.i32, (memory.streamOffset(stream.index) + streamSlot.participantCount) / 4);
}

function ringIndexOf(memory: SharedMemory, stream: Stream, participant: number): number {
  return Atomics.load(memory.streams.i32, (memory.streamOffset(stream.index) + streamSlot.rings) / 4 + participant);
}

export function participantRing(memory: SharedMemory, stream: Stream, participant: number): ParticipantRing {
  return describeRing(memory, ringIndexOf(memory, stream, participant));
}

/** J of all participants together: its mean over everything that was compared, in ms; 0 before. */
export function meanJitterMs(memory: SharedMemory, stream: Stream): number {
  const current = Array.from({ length: participantCount(memory, stream) }, (_, participant) =>
    ringJitter(memory, ringIndexOf(memory, stream, participant)),
  );
  let sumMs = 0;
  let count = 0;
  for (const jitter of [...stream.fullRings.map((full) => full.jitter), ...current]) {
    sumMs += jitter.sumMs;
    count += jitter.count;
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
    ...labelled(stream.facts),
    subscriptionId: subscriptionIdOf(memory, stream),
    mode: count === 0 ? 'pending' : isUnmixed ? 'unmixed' : 'mixed',
    sampleRate: sampleRateOf(memory, stream),
    remoteAddress: stream.facts.remoteAddress,
    connectedAt: stream.connectedAt.toISOString(),
    state: stream.phase === 'open' && stream.isStalled ? 'stalled' : stream.phase,
    messages: stream.messages,
    committed: f64[(at + streamSlot.committed) / 8]!,
    control: f64[(at + streamSlot.control) / 8]!,
    ignored: f64[(at + streamSlot.ignored) / 8]! + stream.messagesIgnored,
    dropped,
    audioBeforeMetadata: f64[(at + streamSlot.audioBeforeMetadata) / 8]!,
    participants: [
      ...stream.fullRings.map(({ report }) => report),
      ...Array.from({ length: count }, (_, i) => reportRing(memory, ringIndexOf(memory, stream, i))),
    ],
  };
}
