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

/** The counts of a participant, without its id. */
type Counted = Omit<ParticipantReport, 'id' | 'lastFrameAt'>;

/** What one sink or reader did with the stream's frames. */
export interface ReaderReport {
  /** Its name: the label `sink` of the metrics. */
  readonly sink: string;
  /** Frames that it read. */
  readonly framesRead: number;
  /** Frames overwritten before it read them. */
  readonly framesLapped: number;
  /** It reached the end of every ring. If not, the two counts are of the rings whose end it reached. */
  readonly isDrained: boolean;
}

/** The account of a stream that has ended: the record `stream ended` of the log. */
export interface EndedStream extends Omit<StreamReport, 'state' | 'participants'> {
  /** Of all participants together, without `jitterMs`, which means nothing at the end. */
  readonly audio: Omit<Counted, 'jitterMs'>;
  /** Each participant in the order of their first frames, without `id` and `lastFrameAt`: ids are personal data. */
  readonly participants: readonly Counted[];
  /** What each sink and reader did with the frames. */
  readonly sinks: readonly ReaderReport[];
  /** Files that are finished: of its participants, and perhaps of the whole call, which may come later. See the event `recording`. */
  readonly recordings: readonly StreamRecording[];
  /** How often its socket broke off or was superseded, and another one resumed the stream. */
  readonly interruptions: number;
  /** How long it was without a socket, in ms, in all. */
  readonly interruptedMs: number;
  /** How often no audio came though there was some before. */
  readonly stalls: number;
  /** For how long that was, in ms, in all. */
  readonly stalledMs: number;
  /** Why its last socket was closed. */
  readonly closeCause: CloseCause;
  /** The gateway's code if the gateway closed, else the peer's: 1005 for none, 1006 for a broken connection. */
  readonly closeCode: number;
  /** From the upgrade to the close, in ms. */
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
