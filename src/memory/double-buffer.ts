/**
 * Numbers that belong together, in shared memory: one thread writes all of them, any thread reads all of them as they were at
 * one moment. Two copies and a version, whose lowest bit says which copy holds; the writer fills the other one and then moves
 * the version, the reader copies and looks whether the version has moved meanwhile. Invariants: what is read was written
 * together; who reads twice never reads an older version the second time; a writer that dies leaves the last version whole.
 *
 *   | version, padding | copy of the even versions | copy of the odd ones |
 *
 * To tear a copy, an access would have to be out of order by a whole write: see "The ring" in docs/ARCHITECTURE.md.
 */

const headBytes = 8;

export function doubleBufferBytes(doubles: number): number {
  return headBytes + 2 * 8 * doubles;
}

export class DoubleBuffer {
  private readonly doubles: number;
  private readonly version: Int32Array;
  private readonly copies: Float64Array;

  /** @param at offset in bytes, a multiple of 8. Zeros are numbers that were written. */
  constructor(buffer: SharedArrayBuffer, at: number, doubles: number) {
    this.doubles = doubles;
    this.version = new Int32Array(buffer, at, 1);
    this.copies = new Float64Array(buffer, at + headBytes, 2 * doubles);
  }

  /** Allocates nothing. Only the one thread that writes. */
  write(numbers: ArrayLike<number>): void {
    const { doubles, version, copies } = this;
    // Plain: no other thread writes it. Costs a third of an atomic load.
    const next = version[0]! + 1;
    const at = (next & 1) * doubles;
    for (let i = 0; i < doubles; i++) copies[at + i] = numbers[i]!;
    Atomics.store(version, 0, next);
  }

  /** Allocates nothing. Any thread. */
  read(into: Float64Array): void {
    const { doubles, version, copies } = this;
    for (;;) {
      const before = Atomics.load(version, 0);
      const at = (before & 1) * doubles;
      for (let i = 0; i < doubles; i++) into[i] = copies[at + i]!;
      if (Atomics.load(version, 0) === before) return;
    }
  }
}
