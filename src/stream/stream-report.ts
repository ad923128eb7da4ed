/**
 * What can be said about a stream at this moment: the answer of `/streams` and the record of an ended stream. Reads shared
 * memory while workers write it: each number is right, but they may be a batch apart. Main thread.
 */
import { type DropReason, dropReasons } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { SpeakerCounts } from '../playback/frame-counts.ts';
import { type Labels, labelled } from '../ring/track.ts';
import {
  describeRing,
  type ParticipantReport,
  type ParticipantRing,
  reportRing,
  ringJitter,
  rounded,
} from './ring-report.ts';
import type { Stream, StreamPhase, StreamPlace } from './stream.ts';

/** A stream as `/streams` shows it. Once nothing is in flight, messages = committed + control + ignored + dropped. */
export interface StreamReport {
  /** The gateway's own id: a UUID, unique. */
  readonly id: string;
  /** The header `x-ms-call-connection-id`, up to 256 characters; null if absent. */
  readonly callConnectionId: string | null;
  /** The header `x-ms-call-correlation-id`, up to 256 characters; null if absent. */
  readonly correlationId: string | null;
  /** With --label-query and --label-path; left out without. */
  readonly labels?: Labels;
  /** Of the metadata, up to 128 bytes; null before, and if it is longer. */
  readonly subscriptionId: string | null;
  /** `pending`: no audio yet. `mixed`, `unmixed`: without, with ids of participants. */
  readonly mode: 'pending' | 'mixed' | 'unmixed';
  /** Hz: 16000 or 24000; null while unknown. */
  readonly sampleRate: number | null;
  /** Of the peer, or with `trustProxy` of the client that the proxy names. */
  readonly remoteAddress: string;
  /** When the upgrade was accepted: ISO 8601 in UTC with milliseconds, `2026-01-31T09:30:00.020Z`. */
  readonly connectedAt: string;
  /** `open`: connected. `stalled`: and without audio though it had some. `waiting`: broke off, may be resumed. `ending`: closed, not yet decoded. `lingering`: sinks read the rest. */
  readonly state: StreamPhase | 'stalled';
  /** Messages received. */
  readonly messages: number;
  /** Audio messages whose frames are in a ring. */
  readonly committed: number;
  /** Metadata and DTMF tones. */
  readonly control: number;
  /** Messages of an unknown kind, and binary ones. */
  readonly ignored: number;
  /** Messages whose audio is in no ring, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Audio messages, committed all the same, that came before any metadata. */
  readonly audioBeforeMetadata: number;
  /** The stream of another process whose call this is the rest of; absent if there is none. */
  readonly continues?: StreamPlace;
  /** The stream of another process that has the rest of the call; absent if there is none. */
  readonly continuedBy?: StreamPlace;
  /** What became of the audio sent into the call, in frames; absent if playback was never asked for. */
  readonly playback?: SpeakerCounts;
  /** In the order of their first frames; a change of the sample rate begins a new entry with the same id. */
  readonly participants: readonly ParticipantReport[];
}

export function participantCount(memory: SharedMemory, stream: Stream): number {
  return new StreamSlot(memory, stream.index).loadParticipantCount();
}

function ringIndexOf(memory: SharedMemory, stream: Stream, participant: number): number {
  return new StreamSlot(memory, stream.index).loadRing(participant);
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
  const { rate: sampleRate } = new StreamSlot(memory, stream.index);
  if (sampleRate > 0) return sampleRate;
  return participantCount(memory, stream) > 0 ? participantRing(memory, stream, 0).sampleRate : null;
}

export function subscriptionIdOf(memory: SharedMemory, stream: Stream): string | null {
  return new StreamSlot(memory, stream.index).subscriptionId;
}

/** A stream whose rings are released has no report any more. */
export function reportStream(memory: SharedMemory, stream: Stream): StreamReport {
  const slot = new StreamSlot(memory, stream.index);
  const count = participantCount(memory, stream);
  const dropped = Object.fromEntries(dropReasons.map((reason) => [reason, slot.dropped(reason)])) as Record<
    DropReason,
    number
  >;
  dropped.lane_full += stream.messagesLaneFull;
  dropped.rate_limit += stream.messagesRateLimited;
  return {
    id: stream.id,
    callConnectionId: stream.facts.callConnectionId,
    correlationId: stream.facts.correlationId,
    ...labelled(stream.facts),
    subscriptionId: subscriptionIdOf(memory, stream),
    mode: count === 0 ? 'pending' : slot.isUnmixed ? 'unmixed' : 'mixed',
    sampleRate: sampleRateOf(memory, stream),
    remoteAddress: stream.facts.remoteAddress,
    connectedAt: stream.connectedAt.toISOString(),
    state: stream.state,
    messages: stream.messages,
    committed: slot.committed,
    control: slot.control,
    ignored: slot.ignored + stream.messagesIgnored,
    dropped,
    audioBeforeMetadata: slot.audioBeforeMetadata,
    ...(stream.continues !== null && { continues: stream.continues }),
    ...(stream.continuedBy !== null && { continuedBy: stream.continuedBy }),
    ...(stream.speaker !== null && { playback: stream.speaker.report }),
    participants: [
      ...stream.fullRings.map(({ report }) => report),
      ...Array.from({ length: count }, (_, i) => reportRing(memory, ringIndexOf(memory, stream, i))),
    ],
  };
}
