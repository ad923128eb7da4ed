/** Is notified of streams and their rings as they come and go. Main thread. */
import type { ParticipantRing } from './ring-report.ts';
import type { Stream } from './stream.ts';

/** Who reads the rings. Every `started` is followed by one `ended`, and answered by each reader with one `readerDone`. */
export interface StreamObserver {
  /** The names of those who read every ring. */
  readonly readers: readonly string[];
  /** The stream has said something for the first time. */
  streamStarted(stream: Stream): void;
  /** Its metadata came, or changed. */
  format(stream: Stream, sampleRate: number): void;
  started(stream: Stream, participant: ParticipantRing): void;
  /** No frame follows; the ring has `participant.frames` of them. */
  ended(stream: Stream, participant: ParticipantRing): void;
  /** A DTMF tone came; or ACS said what became of a mark. */
  tone(stream: Stream, tone: string): void;
  mark?(stream: Stream, id: string, status: string): void;
  /** No participant follows either. */
  streamEnded(stream: Stream): void;
}

/** Ignores everything. */
export const nobody: StreamObserver = {
  readers: [],
  streamStarted: () => {},
  format: () => {},
  started: () => {},
  ended: () => {},
  tone: () => {},
  streamEnded: () => {},
};
