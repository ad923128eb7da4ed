/** Samples in a row, in memory that grows when it must and is used again. Pure; any thread. */

export class PcmBuffer {
  /** The first `length` are valid. */
  samples: Int16Array;
  length = 0;

  constructor(capacity: number) {
    this.samples = new Int16Array(capacity);
  }

  /** Adds `count` samples of `source` from `at` on. */
  add(source: Int16Array, at: number, count: number): void {
    this.reserve(count);
    for (let i = 0; i < count; i++) this.samples[this.length + i] = source[at + i]!;
    this.length += count;
  }

  addSilence(count: number): void {
    this.reserve(count);
    this.samples.fill(0, this.length, this.length + count);
    this.length += count;
  }

  /** Leaves out all but the last `count`. */
  keepLast(count: number): void {
    if (this.length <= count) return;
    this.samples.copyWithin(0, this.length - count, this.length);
    this.length = count;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.samples.length) return;
    const larger = new Int16Array(Math.max(this.length + count, this.samples.length * 2));
    larger.set(this.samples.subarray(0, this.length));
    this.samples = larger;
  }
}
