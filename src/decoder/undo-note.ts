/**
 * The undo note of a lane: what the record in hand changes, as it was before. Whichever finds a record unfinished - the main
 * thread when its worker died, the worker itself after an exception - takes all of it back, or, once a frame of it was
 * published, finishes it, because a reader may have that frame. Worker thread; main thread while no worker has the lane.
 * Invariant: the bit of a part is set after the part was noted, and before anything that it covers is changed.
 */
import { bytesPerSample, frameBytes, frameDurationMs } from '../base/limits.ts';
import { FrameCounts } from '../memory/frame-counts.ts';
import { NoteBlock } from '../memory/note-block.ts';
import { type DropReason, reasonIndex } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { frameFlag } from '../memory/states.ts';
import type { StreamSlot } from '../memory/stream-slot.ts';
import { RingPool } from '../ring/pool.ts';
import { RingWriter } from '../ring/writer.ts';

/** The parts of a note. */
const part = {
  ring: 1,
  counts: 2,
  others: 4,
  ringOthers: 8,
  ringInHand: 16,
  packet: 32,
  ringStamps: 128,
  drops: 256,
  fallbacks: 512,
  /** Nothing is taken back any more: the rings of the stream end. */
  endsRings: 64,
} as const;

export class UndoNote extends NoteBlock {
  readonly laneIndex: number;
  /** What every audio message adds to; noted before it is changed. */
  readonly counts: FrameCounts;
  private readonly memory: SharedMemory;
  private readonly pool: RingPool;

  constructor(memory: SharedMemory, laneIndex: number) {
    super(memory.lanes[laneIndex]!);
    this.laneIndex = laneIndex;
    this.memory = memory;
    this.counts = new FrameCounts(memory, laneIndex, part.counts);
    this.pool = new RingPool(memory);
  }

  /** Before a packet is placed on the timeline of a ring. */
  noteRing(writer: RingWriter): void {
    this.copyRing(writer.index, writer);
    this.parts |= part.ring;
  }

  /** Before anything else of the lane or of the stream is changed. */
  noteOthers(stream: StreamSlot): void {
    if ((this.parts & part.others) !== 0) return;
    this.copyOthers(stream);
    this.parts |= part.others;
  }

  /** Before a message is counted as dropped, if nothing else changes. */
  noteDrop(reason: DropReason, stream: StreamSlot): void {
    if ((this.parts & part.others) !== 0) return;
    this.copyDrops(reasonIndex[reason], stream);
    this.parts |= part.drops;
  }

  /** Before a message is counted as one that only the general parser reads, which is before all else that it changes. */
  noteFallback(): void {
    this.copyFallbacks();
    this.parts |= part.fallbacks;
  }

  /** Before what was learnt of a participant's timestamps is changed. */
  noteStamps(writer: RingWriter): void {
    this.copyStamps(writer);
    this.parts |= part.ringStamps;
  }

  /** Before a ring's rarer counters are changed. */
  noteRingOthers(writer: RingWriter): void {
    this.copyRingCounts(writer);
    this.parts |= part.ringOthers;
  }

  /** Before a ring is taken from the pool, which notes which one, or given back. */
  noteRingInHand(): void {
    this.ringInHand = -1;
    this.parts |= part.ringInHand;
  }

  /** The ring that is given back next. */
  set ringInHand(index: number) {
    this.memory.lanes[this.laneIndex]!.ringInHand = index;
  }

  /** The ring in hand has become one of the stream's, in place of another: nothing of that is taken back. */
  keepRingInHand(): void {
    this.parts &= ~part.ringInHand;
  }

  /** From now on the record is finished, whatever happens: its stream's rings end. */
  noteEndOfRings(): void {
    this.parts |= part.endsRings;
  }

  /** Before the first frame of what stands in `packet` is published. `flags`, `missing`: of the first frame. */
  notePacket(bytes: number, flags: number, missing: number, timestampMs: number, arrivalMs: number, at: number): void {
    this.setPacket(bytes, flags, missing, timestampMs, arrivalMs, at);
    this.parts |= part.packet;
  }

  /** Publishes those frames of the packet that are not published. */
  publishPacket(writer: RingWriter): void {
    const { packet, packetBytes } = this;
    const perFrame = frameBytes(writer.sampleRate);
    for (let index = writer.head - this.headBefore; index * perFrame < packetBytes; index++) {
      const at = index * perFrame;
      const size = Math.min(perFrame, packetBytes - at);
      packet.copy(writer.bytes, writer.nextPcm(), at, at + size);
      const flags = this.packetFlags & (index === 0 ? -1 : ~frameFlag.resumed);
      writer.commit(
        size,
        flags | (size < perFrame ? frameFlag.partial : 0),
        index === 0 ? this.packetMissing : 0,
        this.packetTimestampMs + index * frameDurationMs,
        this.packetArrivalMs,
        this.packetPosition + at / bytesPerSample,
      );
    }
  }

  /** The record is dealt with, and said to be. */
  clear(): void {
    this.parts = 0;
  }

  /** Deals with a record that was left unfinished. Returns whether it is done; if not, nothing is left of it. */
  settle(stream: StreamSlot): boolean {
    const { parts } = this;
    if (this.finish(parts, stream)) return true;
    this.takeBack(parts, stream);
    this.clear();
    return false;
  }

  /** Finishes the record if something of it can be seen already. Returns whether that is so. */
  private finish(parts: number, stream: StreamSlot): boolean {
    const { memory } = this;
    if ((parts & part.endsRings) !== 0) {
      for (const index of stream.rings) new RingWriter(memory, index).end();
      return true;
    }
    if ((parts & part.ring) === 0) return false;
    const writer = new RingWriter(memory, this.ring);
    if (writer.head === this.headBefore) return false;
    if ((parts & part.packet) !== 0) this.publishPacket(writer);
    return true;
  }

  private takeBack(parts: number, stream: StreamSlot): void {
    const { memory, pool, ring: index } = this;
    const inHand = (parts & part.ringInHand) !== 0 ? memory.lanes[this.laneIndex]!.ringInHand : -1;
    // A ring that was taken for this record is zeroed below.
    if ((parts & part.ring) !== 0 && index !== inHand) this.takeBackRing(new RingWriter(memory, index), parts);
    if ((parts & part.counts) !== 0) this.counts.takeBack(stream);
    if ((parts & part.others) !== 0) this.putBackOthers(stream);
    else if ((parts & part.drops) !== 0) this.putBackDrops(stream);
    // After the others, which may have been noted behind it.
    if ((parts & part.fallbacks) !== 0) this.putBackFallbacks();
    if (inHand < 0 || pool.holderOf(inHand) !== this.laneIndex || stream.rings.includes(inHand)) return;
    // Once it is free it is another's: this worker may die as well, and then only this is to be done again.
    this.parts = part.ringInHand;
    pool.release(inHand);
  }

  private takeBackRing(writer: RingWriter, parts: number): void {
    this.putBackRing(writer);
    if ((parts & part.ringStamps) !== 0) this.putBackStamps(writer);
    if ((parts & part.ringOthers) !== 0) this.putBackRingCounts(writer);
  }
}
