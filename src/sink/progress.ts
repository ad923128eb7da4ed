/**
 * How far a sink has come with one track, in shared memory of that track's own: it outlives the sink's thread. Two copies,
 * and a word that says which of them holds: a thread that dies while it writes one leaves the other whole. Invariant: the
 * copy that holds is from a moment at which everything that was read had been handed to the writer and flushed. Written by
 * the sink's thread, read by any.
 */

/** Doubles of a copy; from `own` on they are the writer's. */
const field = { next: 0, lapped: 1, lost: 2, own: 3 } as const;
const copyDoubles = 16;
/** The word that says which copy holds, and its padding. */
const headBytes = 8;

export class Progress {
  readonly buffer: SharedArrayBuffer;
  private readonly which: Int32Array;
  private readonly copies: Float64Array;

  constructor(buffer = new SharedArrayBuffer(headBytes + 2 * copyDoubles * 8)) {
    this.buffer = buffer;
    this.which = new Int32Array(buffer, 0, 1);
    this.copies = new Float64Array(buffer, headBytes);
  }

  get framesRead(): number {
    return this.value(field.next) - this.value(field.lapped);
  }
  get framesLapped(): number {
    return this.value(field.lapped);
  }
  get framesLost(): number {
    return this.value(field.lost);
  }

  /** A copy of the copy that holds. */
  recall(): Float64Array {
    const at = Atomics.load(this.which, 0) * copyDoubles;
    return this.copies.slice(at, at + copyDoubles);
  }

  /** Makes these the numbers that hold. Only the thread that reads the track. */
  commit(numbers: Float64Array): void {
    const other = 1 - Atomics.load(this.which, 0);
    this.copies.set(numbers, other * copyDoubles);
    Atomics.store(this.which, 0, other);
  }

  private value(index: number): number {
    return this.copies[Atomics.load(this.which, 0) * copyDoubles + index]!;
  }
}

/** What is remembered of a track when its thread dies. Sink thread. */
export class Memo {
  /** Numbers of the writer's own: zeros for a new track, later what they were after the last flush. */
  readonly own: Float64Array;
  /** The same for the whole stream; written at once. */
  readonly ofStream: Float64Array;
  private readonly progress: Progress;
  private readonly numbers: Float64Array;

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
  get framesLapped(): number {
    return this.numbers[field.lapped]!;
  }

  /** Frames that were read and could not be kept. The writer counts them; frames without a writer, the loop. */
  get framesLost(): number {
    return this.numbers[field.lost]!;
  }
  set framesLost(frames: number) {
    this.numbers[field.lost] = frames;
  }

  /** The writer's numbers hold already, though nothing that was read since the last commit does. */
  keep(): void {
    this.progress.commit(this.numbers);
  }

  /** The numbers are again what they were at the last commit. */
  rollBack(): void {
    this.numbers.set(this.progress.recall());
  }

  /** From now on a thread that takes over begins here. */
  commit(next: number, framesLapped: number): void {
    this.numbers[field.next] = next;
    this.numbers[field.lapped] = framesLapped;
    this.progress.commit(this.numbers);
  }
}
