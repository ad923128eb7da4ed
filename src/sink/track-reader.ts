/**
 * One track as the loop of a sink reads it: where it is in the ring, what of that holds, and the writer, whose exceptions
 * stay here. Invariant: the checkpoint is behind the reader, never ahead. Sink thread.
 */
import type { SharedMemory } from '../memory/shared-memory.ts';
import { placeOf, type RingAddress, RingCursor } from '../ring/cursor.ts';
import type { Frame } from '../ring/frame.ts';
import { BackOff } from '../thread/back-off.ts';
import type { TrackStart } from './messages.ts';
import { Checkpoint, Progress } from './progress.ts';
import type { Sink, SinkStream, Track, TrackWriter } from './sink.ts';

/** After so long a track that could not be opened is tried again, later up to this. */
const openAgainMs = { first: 500, most: 5000 };

export class TrackReader {
  readonly track: Track;
  readonly ring: RingAddress;
  readonly reader: RingCursor;
  dueMs: number;
  /** When it is opened, if it is not. */
  openDueMs: number;
  /** How many frames the ring had at its end; null while it has not ended. */
  framesTotal: number | null = null;
  /** Read to its end, and the writer knows. */
  isOver = false;
  private readonly checkpoint: Checkpoint;
  private readonly stream: SinkStream;
  private readonly report: (error: unknown, streamId: string) => void;
  private readonly openBackOff = new BackOff(openAgainMs.first, openAgainMs.most);
  /** Null while the sink cannot open it. */
  private writer: TrackWriter | null = null;

  constructor(
    memory: SharedMemory,
    { track, ring, progress, ofStream }: TrackStart,
    stream: SinkStream,
    nowMs: number,
    report: (error: unknown, streamId: string) => void,
  ) {
    this.stream = stream;
    this.track = track;
    this.ring = ring;
    this.checkpoint = new Checkpoint(new Progress(progress), new Float64Array(ofStream));
    this.reader = new RingCursor(placeOf(memory, ring));
    this.reader.resume(this.checkpoint.next, this.checkpoint.framesLapped);
    this.openDueMs = nowMs;
    this.dueMs = nowMs;
    this.report = report;
  }

  /** Whether the reader is ahead of the checkpoint. */
  get hasNews(): boolean {
    return this.reader.next !== this.checkpoint.next || this.reader.framesLapped !== this.checkpoint.framesLapped;
  }

  /** Returns whether it was opened now. */
  tryToOpen(sink: Sink, nowMs: number): boolean {
    if (this.writer !== null || this.openDueMs > nowMs) return false;
    try {
      this.writer = sink.open(this.track, this.checkpoint, this.stream);
      this.openBackOff.succeeded();
      return true;
    } catch (error) {
      this.openDueMs = nowMs + this.openBackOff.failed();
      this.report(error, this.track.streamId);
      return false;
    }
  }

  /** Reads what the ring has and lets the sink write it. `frame`: any. */
  readAll(frame: Frame): void {
    const { reader, writer, checkpoint } = this;
    let result = reader.read(frame);
    for (; result === 'frame'; result = reader.read(frame)) {
      if (writer === null) checkpoint.framesLost++;
      else this.write(writer, frame);
    }
    if (result === 'gone') reader.abandon(this.framesTotal ?? reader.next);
    if (writer === null) return;
    this.guard(() => writer.flush());
    if (!writer.isOpen) this.writer = null;
  }

  /** Everything was read. */
  end(): void {
    const { framesRead, framesLapped } = this.reader;
    this.isOver = true;
    this.guard(() => this.writer?.end({ framesRead, framesLapped }));
  }

  /** Instead of reading: waits in the ring, and is over if that was given away. */
  fallBehind(): void {
    const { reader, framesTotal } = this;
    if (reader.fallBehind() || framesTotal === null) return;
    reader.abandon(framesTotal);
    this.isOver = true;
  }

  /** What was read so far holds. */
  commit(): void {
    this.checkpoint.commit(this.reader.next, this.reader.framesLapped);
  }

  /** What was read since the last commit does not hold: it is read again, as long as it is there. */
  rewind(): void {
    this.checkpoint.rollBack();
    this.reader.resume(this.checkpoint.next, this.checkpoint.framesLapped);
    this.isOver = false;
    this.writer = null;
    this.openDueMs = 0;
    this.dueMs = 0;
  }

  private write(writer: TrackWriter, frame: Frame): void {
    try {
      writer.write(frame);
    } catch (error) {
      this.checkpoint.framesLost++;
      this.report(error, this.track.streamId);
    }
  }

  private guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.report(error, this.track.streamId);
    }
  }
}

/** When the next of them is due, but not before `soonestMs`; Infinity without any. */
export function nextVisitMs(trackReaders: Iterable<TrackReader>, soonestMs: number): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { dueMs } of trackReaders) {
    if (dueMs <= soonestMs) return soonestMs;
    nextMs = Math.min(nextMs, dueMs);
  }
  return nextMs;
}
