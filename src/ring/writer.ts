/**
 * Writes one participant's ring: overwrites the oldest frame, never waits, never looks at a reader; at some heads its caller does
 * (`decoder/gating.ts`). Holds no state of its own, only addresses: whichever worker holds the lane's batch may write. Invariant: a frame is complete before `head`
 * says that it exists, and slot `head % slots` belongs to the writer alone. A full ring takes no further message; its
 * participant goes on in another one.
 */
import { ring, ringState, slot, slotBytes } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

export class RingWriter {
  readonly index: number;
  /** The slab in which the ring lies, as words, doubles and bytes, and as words at any offset. */
  readonly i32: Int32Array;
  readonly f64: Float64Array;
  readonly bytes: Buffer;
  readonly data: DataView;
  /** Where the ring begins in its slab, counted in bytes. */
  readonly at: number;
  private readonly slotsAt: number;
  private readonly headWord: number;
  private readonly gateAtWord: number;
  readonly slotCount: number;
  private readonly framesMax: number;

  constructor(memory: SharedMemory, index: number) {
    const slab = memory.slabOf(index);
    this.index = index;
    this.i32 = slab.i32;
    this.f64 = slab.f64;
    this.bytes = slab.bytes;
    this.data = slab.data;
    this.at = memory.ringOffset(index);
    this.slotsAt = memory.slotsOffset(index);
    this.headWord = (this.at + ring.head) / 4;
    this.gateAtWord = (this.at + ring.gateAt) / 4;
    this.slotCount = memory.geometry.ringSlotCount;
    this.framesMax = memory.ringFramesMax;
  }

  /** Makes a zeroed ring a participant's. `id` is UTF-8; empty for mixed audio. */
  open(sampleRate: number, id: Uint8Array, idStart: number, idEnd: number): void {
    const { i32, bytes, at } = this;
    i32[(at + ring.sampleRate) / 4] = sampleRate;
    i32[(at + ring.slotBytes) / 4] = slotBytes(sampleRate);
    i32[(at + ring.idBytes) / 4] = idEnd - idStart;
    for (let i = idStart; i < idEnd; i++) bytes[at + ring.id + i - idStart] = id[i]!;
    Atomics.store(i32, (at + ring.state) / 4, ringState.live);
  }

  /** Its frames have used their sequence numbers up. Looked at between messages: one may bring several frames. */
  get isFull(): boolean {
    return this.i32[this.headWord]! >= this.framesMax;
  }

  /** It is full, or its readers must be looked at. */
  get isDue(): boolean {
    return this.i32[this.headWord]! >= this.i32[this.gateAtWord]!;
  }

  /** The next frame for which it is due. */
  set dueAt(head: number) {
    this.i32[this.gateAtWord] = Math.min(head, this.framesMax);
  }

  /** Where the PCM of the next frame belongs, in bytes from the start of the slab. */
  nextPcm(): number {
    return this.nextSlot() + slot.pcm;
  }

  /** Frames published so far. */
  get head(): number {
    return this.i32[this.headWord]!;
  }

  get sampleRate(): number {
    return this.i32[(this.at + ring.sampleRate) / 4]!;
  }

  /**
   * The position of the frame that has this timestamp and this PCM, among the newest so many; infinite when one has the
   * timestamp, but other PCM, and NaN when none has.
   * @param from has the PCM of a packet, `bytes` of it from `fromAt` on
   */
  positionOf(timestampMs: number, from: Buffer, fromAt: number, bytes: number, framesBack: number): number {
    const { i32, f64, slotCount, head } = this;
    const size = i32[(this.at + ring.slotBytes) / 4]!;
    const least = Math.max(0, head - Math.min(framesBack, slotCount - 1));
    let position = Number.NaN;
    for (let sequence = head - 1; sequence >= least; sequence--) {
      const at = this.slotsAt + (sequence % slotCount) * size;
      if (f64[(at + slot.timestampMs) / 8] !== timestampMs) continue;
      position = Number.POSITIVE_INFINITY;
      const length = i32[(at + slot.pcmBytes) / 4]!;
      const pcmAt = at + slot.pcm;
      if (length !== Math.min(bytes, size - slot.pcm)) continue;
      if (this.bytes.compare(from, fromAt, fromAt + length, pcmAt, pcmAt + length) !== 0) continue;
      return f64[(at + slot.positionSamples) / 8]!;
    }
    return position;
  }

  private nextSlot(): number {
    const { i32, at } = this;
    return this.slotsAt + (i32[this.headWord]! % this.slotCount) * i32[(at + ring.slotBytes) / 4]!;
  }

  /** Publishes the frame whose PCM was written at `nextPcm()`. */
  commit(
    pcmBytes: number,
    flags: number,
    missingBefore: number,
    timestampMs: number,
    arrivalMs: number,
    positionSamples: number,
  ): void {
    const { i32, f64 } = this;
    const at = this.nextSlot();
    const sequence = i32[this.headWord]!;
    i32[(at + slot.sequence) / 4] = sequence;
    i32[(at + slot.pcmBytes) / 4] = pcmBytes;
    i32[(at + slot.flags) / 4] = flags;
    i32[(at + slot.missingBefore) / 4] = missingBefore;
    f64[(at + slot.timestampMs) / 8] = timestampMs;
    f64[(at + slot.arrivalMs) / 8] = arrivalMs;
    f64[(at + slot.positionSamples) / 8] = positionSamples;
    Atomics.store(i32, this.headWord, sequence + 1);
  }

  /** No frame will follow. */
  end(): void {
    Atomics.store(this.i32, (this.at + ring.state) / 4, ringState.ended);
  }
}
