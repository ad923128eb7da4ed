/**
 * Reads one participant's ring from any thread, at its own pace. The writer overwrites the oldest; a reader that fell
 * behind is lapped: it goes on at the oldest frame and counts exactly how many it lost. Invariant, for each reader:
 * frames published = framesRead + framesLapped + frames still to read.
 *
 * Seqlock without locks: copy the frame, then look at `head` again. While `head` was h, only the slot of frame h was
 * being written, so a frame later than h - slots was intact; one more slot is left alone as a guard, so that no reordered
 * store can reach what was copied. (The idea is that of Agrona's broadcast buffer.)
 */
import { guardSlots, ring, ringState, slot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { Frame } from './frame.ts';

/** Names one ring of one participant within its gateway's memory. */
export interface RingAddress {
  readonly index: number;
  readonly generation: number;
}

/** Where a ring lies: all that a reader needs of the memory. A plain object: it crosses threads. */
export interface RingPlace {
  readonly slab: SharedArrayBuffer;
  /** Of the ring's header and of its first slot, in bytes. */
  readonly ringAt: number;
  readonly slotsAt: number;
  readonly slotCount: number;
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

/** `frame`: one was read. `empty`: none yet. `ended`: none will come. `gone`: the ring was given to someone else. */
export type ReadResult = 'frame' | 'empty' | 'ended' | 'gone';

export class RingCursor {
  framesRead = 0;
  framesLapped = 0;
  /** Sequence number of the next frame to read. */
  next = 0;

  private readonly i32: Int32Array<SharedArrayBuffer>;
  private readonly f64: Float64Array<SharedArrayBuffer>;
  private readonly generation: number;
  private readonly slotCount: number;
  private readonly slotBytes: number;
  private readonly slotsAt: number;
  private readonly headWord: number;
  private readonly stateWord: number;
  private readonly generationWord: number;

  /** Starts at the oldest frame. Read `gone` at the first `read()` if the place is somebody else's by now. */
  constructor({ slab, ringAt, slotsAt, slotCount, generation }: RingPlace) {
    this.i32 = new Int32Array(slab);
    this.f64 = new Float64Array(slab);
    this.generation = generation;
    this.slotCount = slotCount;
    this.slotBytes = this.i32[(ringAt + ring.slotBytes) / 4]!;
    this.slotsAt = slotsAt;
    this.headWord = (ringAt + ring.head) / 4;
    this.stateWord = (ringAt + ring.state) / 4;
    this.generationWord = (ringAt + ring.generation) / 4;
  }

  /** Goes on where another reader of the same ring stopped. */
  resume(next: number, framesLapped: number): void {
    this.next = next;
    this.framesLapped = framesLapped;
    this.framesRead = next - framesLapped;
  }

  /** Frames published and not yet read, lapped ones included. */
  get lag(): number {
    return Atomics.load(this.i32, this.headWord) - this.next;
  }

  /** Copies the next frame into `frame`. Allocates nothing, never blocks. */
  read(frame: Frame): ReadResult {
    const { i32, f64 } = this;
    for (;;) {
      const head = Atomics.load(i32, this.headWord);
      if (this.isGone()) return 'gone';
      if (this.next === head) return this.atHead(head);
      this.skipLapped(head);

      const at = this.slotsAt + (this.next % this.slotCount) * this.slotBytes;
      const word = at >> 2;
      const double = at >> 3;
      const pcmBytes = i32[word + slot.pcmBytes / 4]!;
      const sequence = i32[word + slot.sequence / 4]!;
      frame.flags = i32[word + slot.flags / 4]!;
      frame.missingBefore = i32[word + slot.missingBefore / 4]!;
      frame.timestampMs = f64[double + slot.timestampMs / 8]!;
      frame.arrivalMs = f64[double + slot.arrivalMs / 8]!;
      frame.positionSamples = f64[double + slot.positionSamples / 8]!;
      // A torn header may say any length; it is not used, only bounded, before it is checked below.
      const words = Math.min((pcmBytes + 3) >> 2, frame.words.length);
      const from = word + slot.pcm / 4;
      for (let i = 0; i < words; i++) frame.words[i] = i32[from + i]!;

      const after = Atomics.load(i32, this.headWord);
      if (this.isGone()) return 'gone';
      if (this.next < this.oldest(after)) continue;
      frame.pcmBytes = pcmBytes;
      frame.sequence = sequence;
      this.next++;
      this.framesRead++;
      return 'frame';
    }
  }

  /** Leaves out what is there, and goes on with the next frame to come. Returns how many frames were left out. */
  skipToNewest(): number {
    const head = Atomics.load(this.i32, this.headWord);
    if (this.isGone()) return 0;
    const skipped = head - this.next;
    this.next = head;
    return skipped;
  }

  /** Sleeps until there is more than was read, at most so long. Blocks the thread. */
  sleep(timeoutMs: number): void {
    // The writer wakes nobody: it would cost every frame. Waiting on its word ends at once if it has moved.
    Atomics.wait(this.i32, this.headWord, this.next, timeoutMs);
  }

  /** What `read` would say, without reading. */
  look(): ReadResult {
    const head = Atomics.load(this.i32, this.headWord);
    if (this.isGone()) return 'gone';
    return this.next === head ? this.atHead(head) : 'frame';
  }

  /**
   * For a reader that cannot take frames at the moment: counts what was overwritten by now as lapped.
   * Returns false if the ring is gone.
   */
  fallBehind(): boolean {
    const head = Atomics.load(this.i32, this.headWord);
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
    return Atomics.load(this.i32, this.generationWord) !== this.generation;
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
    if (Atomics.load(this.i32, this.stateWord) !== ringState.ended) return 'empty';
    // The end is written after the last frame, but was read after `head`: a frame may have come between.
    if (Atomics.load(this.i32, this.headWord) !== head) return 'empty';
    return this.isGone() ? 'gone' : 'ended';
  }
}
