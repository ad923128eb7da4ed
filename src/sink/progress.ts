/**
 * How far a sink has come with one track, in shared memory of that track's own: it outlives the sink's thread. Invariant: it
 * is from a moment at which everything that was read had been handed to the writer and flushed. Written by the sink's thread,
 * by the main thread while no thread has the track; read by any.
 */
import { DoubleBuffer, doubleBufferBytes } from '../memory/double-buffer.ts';

/** From `own` on they are the writer's. */
const field = { next: 0, lapped: 1, lost: 2, own: 3 } as const;
const doubles = 16;

export interface ProgressCounts {
  /** Sequence number of the first frame that was neither read nor lapped. */
  next: number;
  framesLapped: number;
  framesLost: number;
}

export class Progress {
  readonly buffer: SharedArrayBuffer;
  private readonly shared: DoubleBuffer;
  private readonly numbers = new Float64Array(doubles);

  constructor(buffer = new SharedArrayBuffer(doubleBufferBytes(doubles))) {
    this.buffer = buffer;
    this.shared = new DoubleBuffer(buffer, 0, doubles);
  }

  /** All of one moment. */
  readCounts(into: ProgressCounts): void {
    this.shared.read(this.numbers);
    into.next = this.numbers[field.next]!;
    into.framesLapped = this.numbers[field.lapped]!;
    into.framesLost = this.numbers[field.lost]!;
  }

  get framesRead(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.next]! - this.numbers[field.lapped]!;
  }
  get framesLapped(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.lapped]!;
  }
  get framesLost(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.lost]!;
  }

  /** A copy of the numbers that hold. */
  recall(): Float64Array {
    this.shared.read(this.numbers);
    return this.numbers.slice();
  }

  /** Makes these the numbers that hold. Only the thread that reads the track. */
  commit(numbers: ArrayLike<number>): void {
    this.shared.write(numbers);
  }

  /** A reader that takes over begins here; what the writer needs to continue stays. Only while no thread has the track. */
  moveTo(next: number, framesLapped: number): void {
    const numbers = this.recall();
    numbers[field.next] = next;
    numbers[field.lapped] = framesLapped;
    this.commit(numbers);
  }
}

/** What survives of a track when the sink's thread dies. Sink thread. */
export class Checkpoint {
  /** 13 numbers for the writer: zeros for a new track, in a new thread what they were after the last flush. */
  readonly own: Float64Array;
  /** Numbers for the whole stream; a write takes effect at once. */
  readonly ofStream: Float64Array;
  private readonly progress: Progress;
  private readonly numbers: Float64Array;

  /** Made by the gateway. */
  constructor(progress: Progress, ofStream: Float64Array) {
    this.progress = progress;
    this.numbers = progress.recall();
    this.own = this.numbers.subarray(field.own);
    this.ofStream = ofStream;
  }

  /** Sequence number of the first frame that was not handed to the writer. */
  get next(): number {
    return this.numbers[field.next]!;
  }
  /** Frames overwritten before they were read. */
  get framesLapped(): number {
    return this.numbers[field.lapped]!;
  }

  /** Frames that were read and could not be kept. The writer counts them. */
  get framesLost(): number {
    return this.numbers[field.lost]!;
  }
  set framesLost(frames: number) {
    this.numbers[field.lost] = frames;
  }

  /** Commits the writer's numbers alone, without the frames read since the last commit. */
  keep(): void {
    this.progress.commit(this.numbers);
  }

  /** Takes the numbers back to the last commit. */
  rollBack(): void {
    this.numbers.set(this.progress.recall());
  }

  /** A thread that takes over begins here. */
  commit(next: number, framesLapped: number): void {
    this.numbers[field.next] = next;
    this.numbers[field.lapped] = framesLapped;
    this.progress.commit(this.numbers);
  }
}
