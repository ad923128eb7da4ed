/**
 * How far a reader in a thread of the user's has come with one ring, in shared memory of its own: the reader writes, the
 * main thread counts from it. Any thread.
 */

const stateWord = 0;
const field = { next: 1, lapped: 2, skipped: 3 } as const;
const progressBytes = 32;

export class ReaderProgress {
  readonly buffer: SharedArrayBuffer;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;

  constructor(buffer = new SharedArrayBuffer(progressBytes)) {
    this.buffer = buffer;
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
  }

  /** Only the thread that reads. */
  note(next: number, lapped: number): void {
    this.f64[field.next] = next;
    this.f64[field.lapped] = lapped;
  }

  /** The reader left out so many frames, on purpose. */
  skip(frames: number): void {
    this.f64[field.skipped]! += frames;
  }

  get next(): number {
    return this.f64[field.next]!;
  }
  get framesRead(): number {
    return this.f64[field.next]! - this.f64[field.lapped]! - this.f64[field.skipped]!;
  }
  get framesLapped(): number {
    return this.f64[field.lapped]!;
  }
  get framesSkipped(): number {
    return this.f64[field.skipped]!;
  }

  /** The reader does not look at the ring any more. */
  finish(): void {
    Atomics.store(this.i32, stateWord, 1);
    Atomics.notify(this.i32, stateWord);
  }
  get isFinished(): boolean {
    return Atomics.load(this.i32, stateWord) === 1;
  }
  /** Resolves when the reader has finished, or when the time is up. */
  async finished(timeoutMs: number): Promise<void> {
    await Atomics.waitAsync(this.i32, stateWord, 0, timeoutMs).value;
  }
}
