/**
 * How far a reader in a thread of the user's has come with one ring, in shared memory of its own: the reader writes, the
 * main thread counts from it. Any thread.
 */
import { DoubleBuffer, doubleBufferBytes } from '../memory/double-buffer.ts';

const stateWord = 0;
const field = { next: 0, lapped: 1, skipped: 2 } as const;
const doubles = 3;
/** Offset in bytes; the state lies before it. */
const countsAt = 8;

export class ReaderProgress {
  readonly buffer: SharedArrayBuffer;
  private readonly i32: Int32Array;
  private readonly shared: DoubleBuffer;
  /** What was written, or read, last. */
  private readonly numbers = new Float64Array(doubles);

  constructor(buffer = new SharedArrayBuffer(countsAt + doubleBufferBytes(doubles))) {
    this.buffer = buffer;
    this.i32 = new Int32Array(buffer);
    this.shared = new DoubleBuffer(buffer, countsAt, doubles);
    this.shared.read(this.numbers);
  }

  /** Only the thread that reads. */
  note(next: number, lapped: number): void {
    const { numbers } = this;
    if (numbers[field.next] === next && numbers[field.lapped] === lapped) return;
    numbers[field.next] = next;
    numbers[field.lapped] = lapped;
    this.shared.write(numbers);
  }

  /** The reader left out so many frames, on purpose, and stands behind them. Only the thread that reads. */
  skip(frames: number): void {
    if (frames === 0) return;
    this.numbers[field.skipped]! += frames;
    this.numbers[field.next]! += frames;
    this.shared.write(this.numbers);
  }

  // Each of these reads all numbers of one moment.
  get next(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.next]!;
  }
  get framesRead(): number {
    return this.next - this.numbers[field.lapped]! - this.numbers[field.skipped]!;
  }
  get framesLapped(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.lapped]!;
  }
  get framesSkipped(): number {
    this.shared.read(this.numbers);
    return this.numbers[field.skipped]!;
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
