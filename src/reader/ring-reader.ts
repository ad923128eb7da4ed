/** Reading rings in threads of the user's. Any one thread. */
import type { ReadResult } from '../ring/cursor.ts';
import { RingCursor } from '../ring/cursor.ts';
import { Frame, type FrameBatch } from '../ring/frame.ts';
import type { Track } from '../ring/track.ts';
import { assertHandle, type RingHandle } from './handle.ts';
import { ReaderProgress } from './progress.ts';
import { nextTick } from './tick.ts';

/** Where a reader begins. */
export interface RingReaderOptions {
  /** `oldest` (default): with what the ring still holds, two seconds by default. `newest`: with the next frame to come. */
  readonly from?: 'oldest' | 'newest';
}

/** `timeout`: nothing came in time. The others as in `ReadResult`; with `frame` there is something to read. */
export type WaitResult = Exclude<ReadResult, 'empty'> | 'timeout';

/** How often a thread that waits looks again: a quarter of a frame. */
const lookIntervalMs = 5;

/**
 * Reads one participant's ring, in any thread, at its own pace, and lets the gateway count how far it has come. It holds
 * nobody up: what it is too slow for is overwritten, and counted as lapped under its name. One thread at a time may use it.
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

  /** Throws `bad_handle`. */
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

  /** Number of the next frame to read; frames of a ring are numbered from 0, without holes. */
  get position(): number {
    return this.cursor.next;
  }
  /** Frames that are there and not yet read, lapped ones included. */
  get lag(): number {
    return this.cursor.lag;
  }
  get framesRead(): number {
    return this.progress.framesRead;
  }
  /** Frames that were overwritten before they were read, or given up by `close`. */
  get framesLapped(): number {
    return this.progress.framesLapped;
  }

  /**
   * Copies the next frame into `frame`. Allocates nothing, never blocks.
   * @returns `frame`: one was read. `empty`: none yet. `ended`: none will come. `gone`: the ring was given to another
   * participant, because this reader came too late for the end.
   */
  read(frame: Frame): ReadResult {
    if (this.isClosed) return 'ended';
    const result = this.cursor.read(frame);
    if (result !== 'empty') this.note();
    if (result === 'ended' || result === 'gone') this.finish();
    return result;
  }

  /**
   * Fills `batch` with the frames that are there, at most as many as it holds. Allocates nothing, never blocks.
   * @returns `frame`: the batch has at least one. Else as `read`, and the batch is empty.
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
   * Blocks this thread until there is something to read, at most so long. For workers: it stops their event loop, too.
   * A frame is found at most 5 ms after it came.
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
   * Every frame until the end, as it comes: `for await (const frame of reader)`. It is the same `Frame` each time, valid
   * until the next one is asked for. Leaving the loop closes the reader.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Frame, void, undefined> {
    const frame = new Frame();
    try {
      for (;;) {
        const result = this.read(frame);
        if (result === 'frame') yield frame;
        else if (result === 'empty') await nextTick();
        else return;
      }
    } finally {
      this.close();
    }
  }

  /** Gives up what was not read; it counts as lapped. The ring is free as soon as every reader is done with it. */
  close(): void {
    if (this.isClosed) return;
    if (this.cursor.look() !== 'gone') {
      const { lag } = this.cursor;
      this.progress.note(this.cursor.next + lag, this.cursor.framesLapped + lag);
    }
    this.finish();
  }

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
