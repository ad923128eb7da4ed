/**
 * The record of a stream that is over: what goes to the log, once per stream, for programs to read (docs/http.md). Summed
 * over its participants, whose ids are personal data and stay out of it. Main thread.
 */
import type { SharedMemory } from '../memory/shared-memory.ts';
import { closeCode } from './close-code.ts';
import type { ParticipantReport } from './ring-report.ts';
import type { Stream, StreamRecording } from './stream.ts';
import { meanJitterMs, reportStream, type StreamReport } from './stream-report.ts';
import type { CloseCause } from './totals.ts';

type Counted = Omit<ParticipantReport, 'id' | 'lastFrameAt'>;

/** What one sink did with the stream's frames. */
export interface ReaderReport {
  readonly sink: string;
  readonly framesRead: number;
  /** Overwritten before it came to them. */
  readonly framesLapped: number;
  /** It came to the end of every ring. If not, the figures are of those it did. */
  readonly isDrained: boolean;
}

/** The account of a stream that is over. */
export interface EndedStream extends Omit<StreamReport, 'state' | 'participants'> {
  /** Of all participants together; `jitterMs` is left out, it means nothing at the end. */
  readonly audio: Omit<Counted, 'jitterMs'>;
  readonly participants: readonly Counted[];
  readonly sinks: readonly ReaderReport[];
  /** Files that are finished: of its participants, and perhaps of the whole call, which may come later. See the event `recording`. */
  readonly recordings: readonly StreamRecording[];
  /** Times that its socket broke off, or was superseded, and another one went on; and how long it had none, in all. */
  readonly interruptions: number;
  readonly interruptedMs: number;
  /** Times that no audio came though there was some before; and for how long, in all. */
  readonly stalls: number;
  readonly stalledMs: number;
  /** Of its last socket. */
  readonly closeCause: CloseCause;
  readonly closeCode: number;
  /** From the upgrade to the close. */
  readonly durationMs: number;
}

function sum(participants: readonly Counted[], count: (one: Counted) => number): number {
  return participants.reduce((total, one) => total + count(one), 0);
}

/** A stream whose rings are released has no record any more. */
export function reportEnded(memory: SharedMemory, stream: Stream): EndedStream {
  const { state, participants, ...facts } = reportStream(memory, stream);
  const counted = participants.map(({ id, lastFrameAt, ...counts }): Counted => counts);
  return {
    ...facts,
    audio: {
      frames: sum(counted, (one) => one.frames),
      silentFrames: sum(counted, (one) => one.silentFrames),
      missingFrames: sum(counted, (one) => one.missingFrames),
      gaps: sum(counted, (one) => one.gaps),
      duplicateFrames: sum(counted, (one) => one.duplicateFrames),
      outOfOrderFrames: sum(counted, (one) => one.outOfOrderFrames),
      pauses: sum(counted, (one) => one.pauses),
      unusableTimestamps: sum(counted, (one) => one.unusableTimestamps),
      timestampDeviationMs: counted.reduce((worst, one) => Math.max(worst, one.timestampDeviationMs), 0),
      jitterMeanMs: meanJitterMs(memory, stream),
      jitterWorstMs: counted.reduce((worst, one) => Math.max(worst, one.jitterWorstMs), 0),
    },
    participants: counted,
    sinks: stream.readerCounts.map(({ reader, framesRead, framesLapped, pendingRings }) => {
      return { sink: reader, framesRead, framesLapped, isDrained: pendingRings === 0 };
    }),
    recordings: stream.recordings,
    interruptions: stream.interruptions,
    interruptedMs: Math.round(stream.interruptedMs),
    stalls: stream.stalls,
    stalledMs: stream.stalledMs,
    closeCause: stream.closeCause ?? 'peer',
    closeCode: stream.closeCode ?? closeCode.absent,
    durationMs: Math.round((stream.endedMs ?? stream.connectedMs) - stream.connectedMs),
  };
}
