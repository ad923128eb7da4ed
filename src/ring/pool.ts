/**
 * The pool of rings: a lock-free stack of free ring indices (Treiber), so that any worker can take a ring in the middle
 * of a batch. Last in, first out: memory that was touched before is used again first. Empty is a return value.
 * Invariant: a ring in the pool holds nothing but zeros, except its generation. Any thread.
 */
import { control, ring, ringState, slotBytes } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

const indexBits = 0xffff_ffffn;
const changeUnit = 1n << 32n;

export class RingPool {
  private readonly memory: SharedMemory;
  private readonly free: BigInt64Array;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.free = new BigInt64Array(memory.handle.control, control.freeRings, 1);
  }

  /** Puts every ring into the pool. Once, by the creator of the memory. */
  fill(): void {
    const next = control.nextRings / 4;
    const { ringCount } = this.memory.geometry;
    // A link is the index of the next free ring plus one; 0 ends the stack.
    for (let index = 0; index < ringCount; index++) {
      this.memory.control.i32[next + index] = index + 1 < ringCount ? index + 2 : 0;
    }
    Atomics.store(this.free, 0, ringCount > 0 ? 1n : 0n);
  }

  /** The index of a ring that is all zeros, or -1 when the memory is spent. */
  take(): number {
    for (;;) {
      const head = Atomics.load(this.free, 0);
      const link = Number(head & indexBits);
      if (link === 0) return -1;
      const next = Atomics.load(this.memory.control.i32, control.nextRings / 4 + link - 1);
      const changed = ((head & ~indexBits) + changeUnit) | BigInt(next);
      if (Atomics.compareExchange(this.free, 0, head, BigInt.asIntN(64, changed)) === head) {
        Atomics.add(this.memory.control.i32, control.ringsInUse / 4, 1);
        return link - 1;
      }
    }
  }

  /** Zeroes a ring and gives it back. Its generation changes first: whoever still reads it finds out before it sees zeros. */
  release(index: number): void {
    const { i32, f64 } = this.memory.slabOf(index);
    const at = this.memory.ringOffset(index);
    Atomics.store(i32, (at + ring.state) / 4, ringState.free);
    Atomics.add(i32, (at + ring.generation) / 4, 1);
    const sampleRate = i32[(at + ring.sampleRate) / 4]!;
    // One slot more than was published: a message with bad base64 may have left its beginning there.
    const slots = Math.min(i32[(at + ring.head) / 4]! + 1, this.memory.geometry.ringSlotCount);
    const slotsAt = this.memory.slotsOffset(index);
    f64.fill(0, slotsAt / 8, (slotsAt + slots * (sampleRate === 0 ? 0 : slotBytes(sampleRate))) / 8);
    f64.fill(0, at / 8 + 1, (at + ring.end) / 8);
    for (;;) {
      const head = Atomics.load(this.free, 0);
      Atomics.store(this.memory.control.i32, control.nextRings / 4 + index, Number(head & indexBits));
      const changed = ((head & ~indexBits) + changeUnit) | BigInt(index + 1);
      if (Atomics.compareExchange(this.free, 0, head, BigInt.asIntN(64, changed)) === head) break;
    }
    Atomics.sub(this.memory.control.i32, control.ringsInUse / 4, 1);
  }

  /** Rings that participants hold at this moment. */
  get inUse(): number {
    return Atomics.load(this.memory.control.i32, control.ringsInUse / 4);
  }
}
