/**
 * The pool of rings: one word per ring says which lane has it, so that any worker can take one in the middle of a batch,
 * and whose it is can be seen when a worker dies. The lowest free one first: memory that was touched before is used again
 * first. Empty is a return value.
 * Invariant: a free ring holds nothing but zeros, except its generation. Any thread.
 */
import type { ControlBlock } from '../memory/control-block.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import { ringHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

export class RingPool {
  private readonly memory: SharedMemory;
  private readonly control: ControlBlock;

  constructor(memory: SharedMemory) {
    this.memory = memory;
    this.control = memory.control;
  }

  /** The index of a ring that is all zeros, for a stream of this lane, or -1 when the memory is spent. */
  take(laneIndex = 0): number {
    return this.takeFor(laneIndex, this.memory.lanes[laneIndex]!);
  }

  /** The same for the main thread, which writes it itself: no worker's death touches it. */
  takeOwn(): number {
    return this.takeFor(this.memory.lanes.length, null);
  }

  /** @param lane null for the main thread, which leaves nothing half done */
  private takeFor(owner: number, lane: LaneHeader | null): number {
    const { control, memory } = this;
    const { ringCount } = memory.geometry;
    if (this.inUse >= ringCount) return -1;
    const from = control.loadFreeFrom();
    for (let n = 0; n < ringCount; n++) {
      const index = from + n < ringCount ? from + n : from + n - ringCount;
      if (control.loadHolder(index) >= 0) continue;
      // Before it is ours: a worker that dies in between has taken it, or has not, and the holder's word says which.
      if (lane !== null) lane.ringInHand = index;
      if (!control.takeRing(index, owner)) continue;
      this.addHeld(owner, 1);
      // Unless a lower one came back meanwhile.
      control.moveFreeFrom(from, index + 1 < ringCount ? index + 1 : 0);
      return index;
    }
    return -1;
  }

  /** Zeroes a ring and gives it back. */
  release(index: number): void {
    const { control, memory } = this;
    ringHeader(memory, index).zero(memory.slotsOffset(index), memory.geometry.ringSlotCount);
    // Rather one too few for a moment: too many would look as if the memory were spent.
    this.addHeld(control.loadHolder(index), -1);
    control.freeRing(index);
    this.lowerFreeFrom(index);
  }

  /** The index of the lane that has the ring, -1 when it is free, the number of lanes when the main thread has it. */
  holderOf(index: number): number {
    return this.control.loadHolder(index);
  }

  /** For a lane whose worker may have died between two of the stores above: counts its rings, and looks at all for free ones. */
  recount(laneIndex: number): void {
    this.control.storeFreeFrom(0);
    let held = 0;
    for (let index = 0; index < this.memory.geometry.ringCount; index++) if (this.holderOf(index) === laneIndex) held++;
    this.memory.lanes[laneIndex]!.storeRingsHeld(held);
  }

  /** Rings that participants hold at this moment. */
  get inUse(): number {
    let held = this.control.loadRingsHeld();
    for (const lane of this.memory.lanes) held += lane.loadRingsHeld();
    return held;
  }

  private addHeld(owner: number, count: number): void {
    const lane = this.memory.lanes[owner];
    if (lane === undefined) this.control.addRingsHeld(count);
    else lane.addRingsHeld(count);
  }

  private lowerFreeFrom(index: number): void {
    for (;;) {
      const from = this.control.loadFreeFrom();
      if (from <= index || this.control.moveFreeFrom(from, index) === from) return;
    }
  }
}
