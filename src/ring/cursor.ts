/**
 * Reads one participant's ring from any thread, at its own pace. The writer overwrites the oldest; a reader that fell
 * behind is lapped: it continues at the oldest frame and counts exactly how many it lost. Invariant, for each reader:
 * frames published = framesRead + framesLapped + frames still to read.
 *
 * Seqlock without locks: copy the frame, then look at `head` again. While `head` was h, only the slot of frame h was
 * being written, so a frame later than h - slots was intact; one more slot is left alone as a guard, so that no reordered
 * store can reach what was copied. (The idea is that of Agrona's broadcast buffer.)
 */
import { FrameSlot } from '../memory/frame-slot.ts';
import { RingHeader } from '../memory/ring-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { guardSlots } from '../memory/sizes.ts';
import { ringState } from '../memory/states.ts';
import type { Frame } from './frame.ts';

/** Names one ring of one participant within its gateway's memory. */
export interface RingAddress {
  readonly index: number;
  readonly generation: number;
}

/** The same as a key of a map. */
export function ringKey({ index, generation }: RingAddress): string {
  return `${index}:${generation}`;
}

/** Where a ring lies: all that a reader needs of the memory. A plain object: it crosses threads. */
export interface RingPlace {
  /** The memory that it shares with other rings. */
  readonly slab: SharedArrayBuffer;
  /** Of the ring's header, in bytes. */
  readonly ringAt: number;
  /** Of its first slot, in bytes. */
  readonly slotsAt: number;
  /** How many frames it holds, and a few more. */
  readonly slotCount: number;
  /** How often the ring has been given away: whose it is. */
  readonly generation: number;
}

export function placeOf(memory: SharedMemory, { index, generation }: RingAddress): RingPlace {
  return {
    slab: memory.slabOf(index).i32.buffer,
    ringAt: memory.ringOffset(index),
    slotsAt: memory.slotsOffset(index),
    slotCount: memory.geometry.ringSlotCount,
    generation,
  };
}

/** `frame`: one was read. `empty`: none yet. `ended`: none will come. `gone`: the ring was given to another participant. */
export type ReadResult = 'frame' | 'empty' | 'ended' | 'gone';

export class RingCursor {
  framesRead = 0;
  framesLapped = 0;
  /** Sequence number of the next frame to read. */
  next = 0;

  private readonly ring: RingHeader;
  private readonly slot: FrameSlot;
  private readonly generation: number;
  private readonly slotCount: number;
  private readonly slotBytes: number;
  private readonly slotsAt: number;

  /** Starts at the oldest frame. Read `gone` at the first `read()` if the ring belongs to another participant by now. */
  constructor({ slab, ringAt, slotsAt, slotCount, generation }: RingPlace) {
    const i32 = new Int32Array(slab);
    const f64 = new Float64Array(slab);
    this.ring = new RingHeader(i32, f64, ringAt);
    this.slot = new FrameSlot(i32, f64);
    this.generation = generation;
    this.slotCount = slotCount;
    this.slotBytes = this.ring.slotBytes;
    this.slotsAt = slotsAt;
  }

  /** Continues where another reader of the same ring stopped. */
  resume(next: number, framesLapped: number): void {
    this.next = next;
    this.framesLapped = framesLapped;
    this.framesRead = next - framesLapped;
  }

  /** Frames published and not yet read, lapped ones included. */
  get lag(): number {
    return this.ring.loadHead() - this.next;
  }

  /** Copies the next frame into `frame`. Allocates nothing, never blocks. */
  read(frame: Frame): ReadResult {
    const { ring, slot } = this;
    for (;;) {
      const head = ring.loadHead();
      if (this.isGone()) return 'gone';
      if (this.next === head) return this.atHead(head);
      this.skipLapped(head);

      slot.moveTo(this.slotsAt + (this.next % this.slotCount) * this.slotBytes);
      const { pcmBytes, sequence } = slot;
      frame.flags = slot.flags;
      frame.missingBefore = slot.missingBefore;
      frame.timestampMs = slot.timestampMs;
      frame.arrivalMs = slot.arrivalMs;
      frame.positionSamples = slot.positionSamples;
      // A torn header may say any length; it is not used, only bounded, before it is checked below.
      slot.copyPcm(frame.words, Math.min((pcmBytes + 3) >> 2, frame.words.length));

      const after = ring.loadHead();
      if (this.isGone()) return 'gone';
      if (this.next < this.oldest(after)) continue;
      frame.pcmBytes = pcmBytes;
      frame.sequence = sequence;
      this.next++;
      this.framesRead++;
      return 'frame';
    }
  }

  /** Skips what is there and continues with the next frame to come. Returns how many frames were skipped. */
  skipToNewest(): number {
    const head = this.ring.loadHead();
    if (this.isGone()) return 0;
    const skipped = head - this.next;
    this.next = head;
    return skipped;
  }

  /** Sleeps until there is more than was read, at most so long. Blocks the thread. */
  sleep(timeoutMs: number): void {
    // The writer wakes no reader: it would cost every frame. Waiting on its word ends at once if it has moved.
    this.ring.waitForHead(this.next, timeoutMs);
  }

  /** What `read` would say, without reading. */
  look(): ReadResult {
    const head = this.ring.loadHead();
    if (this.isGone()) return 'gone';
    return this.next === head ? this.atHead(head) : 'frame';
  }

  /**
   * For a reader that cannot take frames at the moment: counts what was overwritten by now as lapped.
   * Returns false if the ring is gone.
   */
  fallBehind(): boolean {
    const head = this.ring.loadHead();
    if (this.isGone()) return false;
    this.skipLapped(head);
    return true;
  }

  /**
   * For a ring that is `gone`: counts what was never read as lapped.
   * @param framesTotal how many frames the ring had when it ended, as its stream's end says
   */
  abandon(framesTotal: number): void {
    this.framesLapped += Math.max(0, framesTotal - this.next);
    this.next = Math.max(this.next, framesTotal);
  }

  private isGone(): boolean {
    return this.ring.loadGeneration() !== this.generation;
  }

  private oldest(head: number): number {
    return head - this.slotCount + guardSlots;
  }

  private skipLapped(head: number): void {
    const oldest = this.oldest(head);
    if (this.next >= oldest) return;
    this.framesLapped += oldest - this.next;
    this.next = oldest;
  }

  private atHead(head: number): ReadResult {
    if (this.ring.loadState() !== ringState.ended) return 'empty';
    // The end is written after the last frame, but was read after `head`: a frame may have come between.
    if (this.ring.loadHead() !== head) return 'empty';
    return this.isGone() ? 'gone' : 'ended';
  }
}
