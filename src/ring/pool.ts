/**
 * The pool of rings: one word per ring says which lane has it, so that any worker can take one in the middle of a batch,
 * and whose it is can be seen when a worker dies. The lowest free one first: memory that was touched before is used again
 * first. Empty is a return value.
 * Invariant: a free ring holds nothing but zeros, except its generation. Any thread.
 */
import { control, lane, note, ring, ringState, slotBytes } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

const ringInHand = (lane.note + note.ringInHand) / 4;

export class RingPool {
  private readonly memory: SharedMemory;
  private readonly words: Int32Array;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.words = memory.control.i32;
  }

  /** The index of a ring that is all zeros, for a stream of this lane, or -1 when the memory is spent. */
  take(laneIndex = 0): number {
    const { words, memory } = this;
    const { ringCount } = memory.geometry;
    const { i32 } = memory.lanes[laneIndex]!;
    if (this.inUse >= ringCount) return -1;
    const from = Atomics.load(words, control.freeFrom / 4);
    for (let n = 0; n < ringCount; n++) {
      const index = from + n < ringCount ? from + n : from + n - ringCount;
      const holder = control.holders / 4 + index;
      if (Atomics.load(words, holder) !== 0) continue;
      // Before it is ours: a worker that dies in between has taken it, or has not, and the holder's word says which.
      i32[ringInHand] = index + 1;
      if (Atomics.compareExchange(words, holder, 0, laneIndex + 1) !== 0) continue;
      Atomics.add(i32, lane.ringsHeld / 4, 1);
      // Unless a lower one came back meanwhile.
      Atomics.compareExchange(words, control.freeFrom / 4, from, index + 1 < ringCount ? index + 1 : 0);
      return index;
    }
    return -1;
  }

  /** Zeroes a ring and gives it back. Its generation changes first: whoever still reads it finds out before it sees zeros. */
  release(index: number): void {
    const { words, memory } = this;
    const { i32, f64 } = memory.slabOf(index);
    const at = memory.ringOffset(index);
    Atomics.store(i32, (at + ring.state) / 4, ringState.free);
    Atomics.add(i32, (at + ring.generation) / 4, 1);
    const sampleRate = i32[(at + ring.sampleRate) / 4]!;
    // One slot more than was published: a message with bad base64 may have left its beginning there.
    const slots = Math.min(i32[(at + ring.head) / 4]! + 1, memory.geometry.ringSlotCount);
    const slotsAt = memory.slotsOffset(index);
    f64.fill(0, slotsAt / 8, (slotsAt + slots * (sampleRate === 0 ? 0 : slotBytes(sampleRate))) / 8);
    f64.fill(0, at / 8 + 1, (at + ring.end) / 8);
    const holder = this.holderOf(index);
    // Rather one too few for a moment: too many would look as if the memory were spent.
    Atomics.sub(memory.lanes[holder]!.i32, lane.ringsHeld / 4, 1);
    Atomics.store(words, control.holders / 4 + index, 0);
    this.lowerFreeFrom(index);
  }

  /** The index of the lane that has the ring, or -1 when it is free. */
  holderOf(index: number): number {
    return Atomics.load(this.words, control.holders / 4 + index) - 1;
  }

  /** For a lane whose worker may have died between two of the stores above: counts its rings, and looks at all for free ones. */
  recount(laneIndex: number): void {
    Atomics.store(this.words, control.freeFrom / 4, 0);
    let held = 0;
    for (let index = 0; index < this.memory.geometry.ringCount; index++) if (this.holderOf(index) === laneIndex) held++;
    Atomics.store(this.memory.lanes[laneIndex]!.i32, lane.ringsHeld / 4, held);
  }

  /** Rings that participants hold at this moment. */
  get inUse(): number {
    let held = 0;
    for (const { i32 } of this.memory.lanes) held += Atomics.load(i32, lane.ringsHeld / 4);
    return held;
  }

  private lowerFreeFrom(index: number): void {
    for (;;) {
      const from = Atomics.load(this.words, control.freeFrom / 4);
      if (from <= index || Atomics.compareExchange(this.words, control.freeFrom / 4, from, index) === from) return;
    }
  }
}
