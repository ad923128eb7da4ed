/**
 * Reads one participant's ring from any thread, at its own pace. The writer overwrites the oldest; a reader that fell
 * behind is lapped: it goes on at the oldest frame and counts exactly how many it lost. Invariant, for each reader:
 * frames published = framesRead + framesLapped + frames still to read.
 *
 * Seqlock without locks: copy the frame, then look at `head` again. While `head` was h, only the slot of frame h was
 * being written, so a frame later than h - slots was intact; one more slot is left alone as a guard, so that no reordered
 * store can reach what was copied. (The idea is that of Agrona's broadcast buffer.)
 */
import { frameBytesMax } from '../limits.ts';
import { frameFlag, guardSlots, ring, ringState, slot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

/** Names one ring of one participant. Survives `postMessage`. */
export interface RingHandle {
  readonly index: number;
  readonly generation: number;
}

/** A place for one frame; reused for every read. */
export class Frame {
  /** Number of the frame in its ring, from 0, without holes. */
  sequence = 0;
  /** Valid bytes in `pcm`: 640 or 960, less if the frame is partial. */
  pcmBytes = 0;
  flags = 0;
  /** Frames that never came, directly before this one. */
  missingBefore = 0;
  /** ACS's timestamp, ms since the epoch; NaN when there was none. */
  timestampMs = 0;
  /** When the message arrived, ms on the clock of `performance.now()`, which all threads of a process share. */
  arrivalMs = 0;
  /** Where the frame belongs on the participant's timeline, in samples since its first frame; gaps included. */
  positionSamples = 0;
  /** 16-bit little-endian PCM, mono. */
  readonly pcm: Buffer = Buffer.alloc(frameBytesMax);
  readonly words: Int32Array = new Int32Array(this.pcm.buffer, this.pcm.byteOffset, frameBytesMax / 4);

  get silent(): boolean {
    return (this.flags & frameFlag.silent) !== 0;
  }
}

/** `frame`: one was read. `empty`: none yet. `ended`: none will come. `gone`: the ring was given to someone else. */
export type ReadResult = 'frame' | 'empty' | 'ended' | 'gone';

export class RingReader {
  framesRead = 0;
  framesLapped = 0;
  /** Sequence number of the next frame to read. */
  next = 0;

  private readonly handle: RingHandle;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly slotCount: number;
  private readonly slotBytes: number;
  private readonly slotsAt: number;
  private readonly headWord: number;
  private readonly stateWord: number;
  private readonly generationWord: number;

  /** Starts at the oldest frame. Read `gone` at the first `read()` if the handle is out of date. */
  constructor(memory: SharedMemory, handle: RingHandle) {
    const slab = memory.slabOf(handle.index);
    const at = memory.ringOffset(handle.index);
    this.handle = handle;
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.slotCount = memory.geometry.ringSlotCount;
    this.slotBytes = slab.i32[(at + ring.slotBytes) / 4]!;
    this.slotsAt = memory.slotsOffset(handle.index);
    this.headWord = (at + ring.head) / 4;
    this.stateWord = (at + ring.state) / 4;
    this.generationWord = (at + ring.generation) / 4;
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
    return Atomics.load(this.i32, this.generationWord) !== this.handle.generation;
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
