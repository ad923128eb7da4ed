/**
 * Writes one participant's ring: overwrites the oldest frame, never waits, never looks at a reader; at some heads its caller does
 * (`decoder/gating.ts`). Holds no state of its own, only addresses: whichever worker holds the lane's batch may write. Invariant: a frame is complete before `head`
 * says that it exists, and slot `head % slots` belongs to the writer alone. A full ring takes no further message; its
 * participant moves to another one.
 */
import { FrameSlot, slotPcm, writeSlot } from '../memory/frame-slot.ts';
import { RingFigures } from '../memory/ring-figures.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

export class RingWriter extends RingFigures {
  readonly index: number;
  /** The slab in which the ring lies, as bytes, and as words at any offset. */
  readonly bytes: Buffer;
  readonly data: DataView;
  readonly slotCount: number;
  private readonly slotsAt: number;
  private readonly framesMax: number;

  constructor(memory: SharedMemory, index: number) {
    const { i32, f64, bytes, data } = memory.slabOf(index);
    super(i32, f64, memory.ringOffset(index));
    this.index = index;
    this.bytes = bytes;
    this.data = data;
    this.slotCount = memory.geometry.ringSlotCount;
    this.slotsAt = memory.slotsOffset(index);
    this.framesMax = memory.ringFramesMax;
  }

  /** Makes a zeroed ring a participant's. `id` is UTF-8; empty for mixed audio. */
  open(sampleRate: number, id: Uint8Array, idStart: number, idEnd: number): void {
    this.begin(sampleRate, this.bytes, id, idStart, idEnd);
  }

  /** Its frames have used their sequence numbers up. Looked at between messages: one may bring several frames. */
  get isFull(): boolean {
    return this.head >= this.framesMax;
  }

  /** It is full, or its readers must be looked at. */
  get isDue(): boolean {
    return this.head >= this.gateAt;
  }

  /** The next frame for which it is due. */
  set dueAt(head: number) {
    this.gateAt = Math.min(head, this.framesMax);
  }

  /** Where the PCM of the next frame belongs, in bytes from the start of the slab. */
  nextPcm(): number {
    return this.slotAt(this.head) + slotPcm;
  }

  /**
   * The position of the frame that has this timestamp and this PCM, among the newest so many; infinite when one has the
   * timestamp, but other PCM, and NaN when none has.
   * @param from has the PCM of a packet, `bytes` of it from `fromAt` on
   */
  positionOf(timestampMs: number, from: Buffer, fromAt: number, bytes: number, framesBack: number): number {
    const { slotCount, head, slotBytes } = this;
    const slot = new FrameSlot(this.i32, this.f64);
    const least = Math.max(0, head - Math.min(framesBack, slotCount - 1));
    let position = Number.NaN;
    for (let sequence = head - 1; sequence >= least; sequence--) {
      const at = this.slotAt(sequence);
      slot.moveTo(at);
      if (slot.timestampMs !== timestampMs) continue;
      position = Number.POSITIVE_INFINITY;
      const length = slot.pcmBytes;
      const pcmAt = at + slotPcm;
      if (length !== Math.min(bytes, slotBytes - slotPcm)) continue;
      if (this.bytes.compare(from, fromAt, fromAt + length, pcmAt, pcmAt + length) !== 0) continue;
      return slot.positionSamples;
    }
    return position;
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
    const { i32, f64, head } = this;
    const at = this.slotAt(head);
    writeSlot(i32, f64, at, head, pcmBytes, flags, missingBefore, timestampMs, arrivalMs, positionSamples);
    this.publish(head + 1);
  }

  private slotAt(sequence: number): number {
    return this.slotsAt + (sequence % this.slotCount) * this.slotBytes;
  }
}
