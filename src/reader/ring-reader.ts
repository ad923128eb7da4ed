/** Reading rings in a program's own threads. Any one thread. */
import type { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { ReadResult } from '../ring/cursor.ts';
import { RingCursor } from '../ring/cursor.ts';
import { Frame, type FrameBatch } from '../ring/frame.ts';
import type { Track } from '../ring/track.ts';
import { iterateFrames, readableOf, webStreamOf } from './frame-streams.ts';
import { assertHandle, type RingHandle } from './handle.ts';
import { ReaderProgress } from './progress.ts';

/** Options of a `RingReader`. */
export interface RingReaderOptions {
  /** Where it begins. `oldest` (default): the oldest frame that the ring still holds. `newest`: the next frame to arrive. */
  readonly from?: 'oldest' | 'newest';
}

/** `timeout`: nothing arrived in time. `frame`: there is something to read. The others are those of `ReadResult`. */
export type WaitResult = Exclude<ReadResult, 'empty'> | 'timeout';

/** How often a thread that waits looks again: a quarter of a frame. */
const lookIntervalMs = 5;

/**
 * Reads one participant's ring at its own pace, in any thread of the process, one thread at a time. It blocks neither the gateway nor
 * other readers: frames that it is too slow for are overwritten, and counted as lapped under its name.
 *
 *     const reader = new RingReader(handle);
 *     for await (const frame of reader) use(frame.samples.subarray(0, frame.sampleCount));
 */
export class RingReader implements AsyncIterable<Frame> {
  /** Whose audio it is. */
  readonly track: Track;
  private readonly cursor: RingCursor;
  private readonly progress: ReaderProgress;
  private readonly scratch = new Frame();
  private isClosed: boolean;

  /** @throws `bad_handle` if it is no handle, or one of another version of the package */
  constructor(handle: RingHandle, { from = 'oldest' }: RingReaderOptions = {}) {
    assertHandle(handle);
    const { streamId, callConnectionId, correlationId, participantId, sampleRate } = handle;
    this.track = { streamId, callConnectionId, correlationId, participantId, sampleRate };
    this.cursor = new RingCursor(handle.place);
    this.progress = new ReaderProgress(handle.progress);
    this.isClosed = this.progress.isFinished;
    // Where another reader of the same handle has stopped.
    this.cursor.resume(this.progress.next, this.progress.framesLapped);
    if (from === 'newest') this.progress.skip(this.cursor.skipToNewest());
    this.note();
  }

  /** Sequence number of the next frame to read; frames of a ring are numbered from 0, without holes. */
  get position(): number {
    return this.cursor.next;
  }
  /** Frames published and not yet read, those already overwritten included. Exact when it is read, stale right after. */
  get lag(): number {
    return this.cursor.lag;
  }
  /** Frames that this handle's readers have read. */
  get framesRead(): number {
    return this.progress.framesRead;
  }
  /** Frames overwritten before they were read, or given up by `close`. */
  get framesLapped(): number {
    return this.progress.framesLapped;
  }

  /**
   * Copies the next frame into `frame`. Allocates nothing, never blocks.
   * @returns `frame`: one was read. `empty`: none yet. `ended`: none will come. `gone`: the ring belongs to another participant, because
   * this reader was not back within ten seconds after the end
   */
  read(frame: Frame): ReadResult {
    if (this.isClosed) return 'ended';
    const result = this.cursor.read(frame);
    if (result !== 'empty') this.note();
    if (result === 'ended' || result === 'gone') this.finish();
    return result;
  }

  /**
   * Fills `batch` with the frames that are there, up to its size. Allocates nothing, never blocks.
   * @returns `frame`: the batch has at least one. Otherwise as `read`, and the batch is empty
   */
  readBatch(batch: FrameBatch): ReadResult {
    batch.clear();
    if (this.isClosed) return 'ended';
    let result = this.cursor.read(this.scratch);
    while (result === 'frame') {
      batch.add(this.scratch);
      if (batch.isFull) break;
      result = this.cursor.read(this.scratch);
    }
    this.note();
    if (batch.frameCount > 0) return 'frame';
    if (result === 'ended' || result === 'gone') this.finish();
    return result;
  }

  /**
   * Blocks the calling thread, its event loop included, until there is something to read or the time is up. For workers with nothing
   * else to do. A frame is found at most 5 ms after it was published.
   */
  wait(timeoutMs: number): WaitResult {
    const deadlineMs = performance.now() + timeoutMs;
    for (;;) {
      const result = this.isClosed ? 'ended' : this.cursor.look();
      if (result !== 'empty') return result;
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return 'timeout';
      this.cursor.sleep(Math.min(leftMs, lookIntervalMs));
    }
  }

  /**
   * Every frame until the end, at most 10 ms after it was published: `for await (const frame of reader)`. Each is a `Frame` of its
   * own, yours to keep. Leaving the loop closes the reader.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Frame, void, undefined> {
    return iterateFrames(this);
  }

  /**
   * The same as a Node.js stream in object mode. A frame leaves the ring when the consumer requests it; one that is too slow is
   * lapped, and counted. Destroying the stream closes the reader.
   */
  toReadable(): Readable {
    return readableOf(this);
  }

  /** The same as a web stream. Cancelling it closes the reader. */
  toWebStream(): ReadableStream<Frame> {
    return webStreamOf(this);
  }

  /** Gives up what was not read, which counts as lapped. The ring is released when every reader has finished. May be called again. */
  close(): void {
    if (this.isClosed) return;
    if (this.cursor.look() !== 'gone') {
      const { lag } = this.cursor;
      this.progress.note(this.cursor.next + lag, this.cursor.framesLapped + lag);
    }
    this.finish();
  }

  /** `using reader = new RingReader(handle)`: `close()` at the end of the block. */
  [Symbol.dispose](): void {
    this.close();
  }

  private note(): void {
    this.progress.note(this.cursor.next, this.cursor.framesLapped);
  }

  private finish(): void {
    this.isClosed = true;
    this.progress.finish();
  }
}
