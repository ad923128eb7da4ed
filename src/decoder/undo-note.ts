/**
 * The undo note of a lane: what the record in hand changes, as it was before. Whoever finds a record unfinished - the main
 * thread when its worker died, the worker itself after an exception - takes all of it back, or, once a frame of it was
 * published, finishes it, because a reader may have that frame. Worker thread; main thread while no worker has the lane.
 * Invariant: the bit of a part is set after the part was noted, and before anything that it covers is changed.
 */
import { bytesPerSample, frameBytes, frameDurationMs, packetBytesMax } from '../base/limits.ts';
import { frameFlag, lane, note, ring, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { RingPool } from '../ring/pool.ts';
import { RingWriter } from '../ring/writer.ts';
import { FrameCounts } from './frame-counts.ts';

/** The parts of a note. */
const part = {
  ring: 1,
  counts: 2,
  others: 4,
  ringOthers: 8,
  ringInHand: 16,
  packet: 32,
  ringStamps: 128,
  /** Nothing is taken back any more: the rings of the stream end. */
  endsRings: 64,
} as const;

const word = (field: number) => (lane.note + field) / 4;
const double = (field: number) => (lane.note + field) / 8;

// Of what is noted for every frame: looked up once.
const state = word(note.state);
const ringIndex = word(note.ring);
const headBefore = word(note.head);
const windowLow = word(note.windowLow);
const windowHigh = word(note.windowHigh);
const timeline = double(note.timeline);
const ringWindowLow = ring.windowLow / 4;
const ringWindowHigh = ring.windowHigh / 4;
const ringTimeline = ring.newestTimestampMs / 8;
const timelineDoubles = (note.buckets - note.timeline) / 8;
const stampDoubles = (ring.missingFrames - ring.unsettled) / 8;
const otherCounts = (lane.unaccounted - lane.control) / 8;

export class UndoNote {
  /** For a message whose PCM cannot go straight into a slot. */
  readonly packet: Buffer;
  readonly laneIndex: number;
  /** What every audio message adds to; noted before it is changed. */
  readonly counts: FrameCounts;
  private readonly memory: SharedMemory;
  private readonly pool: RingPool;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;

  constructor(memory: SharedMemory, laneIndex: number) {
    const { i32, f64, bytes } = memory.lanes[laneIndex]!;
    this.laneIndex = laneIndex;
    this.memory = memory;
    this.counts = new FrameCounts(memory, laneIndex, part.counts);
    this.pool = new RingPool(memory);
    this.i32 = i32;
    this.f64 = f64;
    this.packet = bytes.subarray(lane.note + note.packetPcm, lane.note + note.packetPcm + packetBytesMax);
  }

  /** Before a packet is placed on the timeline of a ring. */
  noteRing(writer: RingWriter): void {
    const { i32, f64 } = this;
    const { i32: from, f64: doubles, at } = writer;
    const ringWord = at >> 2;
    i32[ringIndex] = writer.index;
    i32[headBefore] = writer.head;
    i32[windowLow] = from[ringWord + ringWindowLow]!;
    i32[windowHigh] = from[ringWord + ringWindowHigh]!;
    const ringDouble = (at >> 3) + ringTimeline;
    f64[timeline] = doubles[ringDouble]!;
    f64[timeline + 1] = doubles[ringDouble + 1]!;
    f64[timeline + 2] = doubles[ringDouble + 2]!;
    f64[timeline + 3] = doubles[ringDouble + 3]!;
    f64[timeline + 4] = doubles[ringDouble + 4]!;
    f64[timeline + 5] = doubles[ringDouble + 5]!;
    f64[timeline + 6] = doubles[ringDouble + 6]!;
    f64[timeline + 7] = doubles[ringDouble + 7]!;
    f64[timeline + 8] = doubles[ringDouble + 8]!;
    f64[timeline + 9] = doubles[ringDouble + 9]!;
    f64[timeline + 10] = doubles[ringDouble + 10]!;
    i32[state] = i32[state]! | part.ring;
  }

  /** Before anything else of the lane or of the stream is changed. */
  noteOthers(streamAt: number): void {
    const { i32, f64, memory } = this;
    if ((i32[state]! & part.others) !== 0) return;
    copyDoubles(f64, lane.control / 8, f64, double(note.laneOthers), otherCounts);
    copySlot(memory.streams.i32, streamAt / 4, i32, word(note.streamSlot));
    i32[state]! |= part.others;
  }

  /** Before what was learnt of a participant's timestamps is changed. */
  noteStamps({ f64, at }: RingWriter): void {
    copyDoubles(f64, (at + ring.unsettled) / 8, this.f64, double(note.ringStamps), stampDoubles);
    this.i32[state]! |= part.ringStamps;
  }

  /** Before a ring's rarer counters are changed. */
  noteRingOthers({ f64, at }: RingWriter): void {
    copyDoubles(f64, (at + ring.missingFrames) / 8, this.f64, double(note.ringGaps), 2);
    copyDoubles(f64, (at + ring.duplicateFrames) / 8, this.f64, double(note.ringOthers), 4);
    this.i32[state]! |= part.ringOthers;
  }

  /** Before a ring is taken from the pool, which notes which one, or given back. */
  noteRingInHand(): void {
    this.i32[word(note.ringInHand)] = 0;
    this.i32[state]! |= part.ringInHand;
  }

  /** The ring that is given back next. */
  set ringInHand(index: number) {
    this.i32[word(note.ringInHand)] = index + 1;
  }

  /** The ring in hand has become one of the stream's, in place of another: nothing of that is taken back. */
  ringIsPlaced(): void {
    this.i32[state]! &= ~part.ringInHand;
  }

  /** From now on the record is finished, whatever happens: its stream's rings end. */
  noteEndOfRings(): void {
    this.i32[state]! |= part.endsRings;
  }

  /** Before the first frame of what stands in `packet` is published. `flags`, `missing`: of the first frame. */
  notePacket(bytes: number, flags: number, missing: number, timestampMs: number, arrivalMs: number, at: number): void {
    const { i32, f64 } = this;
    i32[word(note.packetBytes)] = bytes;
    i32[word(note.packetFlags)] = flags;
    i32[word(note.packetMissing)] = missing;
    f64[double(note.packetTimestampMs)] = timestampMs;
    f64[double(note.packetArrivalMs)] = arrivalMs;
    f64[double(note.packetPosition)] = at;
    i32[state]! |= part.packet;
  }

  /** Publishes those frames of the packet that are not published. */
  publishPacket(writer: RingWriter): void {
    const { i32, f64, packet } = this;
    const bytes = i32[word(note.packetBytes)]!;
    const perFrame = frameBytes(writer.sampleRate);
    for (let index = writer.head - i32[headBefore]!; index * perFrame < bytes; index++) {
      const at = index * perFrame;
      const size = Math.min(perFrame, bytes - at);
      packet.copy(writer.bytes, writer.nextPcm(), at, at + size);
      const flags = i32[word(note.packetFlags)]! & (index === 0 ? -1 : ~frameFlag.resumed);
      writer.commit(
        size,
        flags | (size < perFrame ? frameFlag.partial : 0),
        index === 0 ? i32[word(note.packetMissing)]! : 0,
        f64[double(note.packetTimestampMs)]! + index * frameDurationMs,
        f64[double(note.packetArrivalMs)]!,
        f64[double(note.packetPosition)]! + at / bytesPerSample,
      );
    }
  }

  /** The record is dealt with, and said to be. */
  clear(): void {
    this.i32[state] = 0;
  }

  /** Deals with a record that was left unfinished. Returns whether it is done; if not, nothing is left of it. */
  settle(streamAt: number): boolean {
    const parts = this.i32[state]!;
    if (this.isFinished(parts, streamAt)) return true;
    this.takeBack(parts, streamAt);
    this.clear();
    return false;
  }

  private isFinished(parts: number, streamAt: number): boolean {
    const { i32, memory } = this;
    if ((parts & part.endsRings) !== 0) {
      for (const index of this.ringsOf(streamAt)) new RingWriter(memory, index).end();
      return true;
    }
    if ((parts & part.ring) === 0) return false;
    const writer = new RingWriter(memory, i32[ringIndex]!);
    if (writer.head === i32[headBefore]) return false;
    if ((parts & part.packet) !== 0) this.publishPacket(writer);
    return true;
  }

  private takeBack(parts: number, streamAt: number): void {
    const { i32, f64, memory, pool } = this;
    const inHand = (parts & part.ringInHand) !== 0 ? i32[word(note.ringInHand)]! - 1 : -1;
    const index = i32[ringIndex]!;
    // A ring that was taken for this record is zeroed below.
    if ((parts & part.ring) !== 0 && index !== inHand) this.takeBackRing(new RingWriter(memory, index), parts);
    if ((parts & part.counts) !== 0) this.counts.takeBack(streamAt);
    if ((parts & part.others) !== 0) {
      copyDoubles(f64, double(note.laneOthers), f64, lane.control / 8, otherCounts);
      copySlot(i32, word(note.streamSlot), memory.streams.i32, streamAt / 4);
    }
    if (inHand < 0 || pool.holderOf(inHand) !== this.laneIndex || this.ringsOf(streamAt).includes(inHand)) return;
    // Once it is free it is another's: this worker may die as well, and then only this is to be done again.
    i32[state] = part.ringInHand;
    pool.release(inHand);
  }

  private takeBackRing(writer: RingWriter, parts: number): void {
    const { i32, f64 } = this;
    writer.i32[(writer.at + ring.windowLow) / 4] = i32[windowLow]!;
    writer.i32[(writer.at + ring.windowHigh) / 4] = i32[windowHigh]!;
    copyDoubles(f64, timeline, writer.f64, (writer.at + ring.newestTimestampMs) / 8, timelineDoubles);
    if ((parts & part.ringStamps) !== 0) {
      copyDoubles(f64, double(note.ringStamps), writer.f64, (writer.at + ring.unsettled) / 8, stampDoubles);
    }
    if ((parts & part.ringOthers) === 0) return;
    copyDoubles(f64, double(note.ringGaps), writer.f64, (writer.at + ring.missingFrames) / 8, 2);
    copyDoubles(f64, double(note.ringOthers), writer.f64, (writer.at + ring.duplicateFrames) / 8, 4);
  }

  private ringsOf(streamAt: number): Int32Array {
    const { i32 } = this.memory.streams;
    const count = i32[(streamAt + streamSlot.participantCount) / 4]!;
    return i32.subarray((streamAt + streamSlot.rings) / 4, (streamAt + streamSlot.rings) / 4 + count);
  }
}

function copyDoubles(from: Float64Array, at: number, to: Float64Array, toAt: number, count: number): void {
  for (let i = 0; i < count; i++) to[toAt + i] = from[at + i]!;
}

/** All of a stream's slot before its rings, but what the main thread writes and what its time costs. Words, because a double may be no number. */
function copySlot(from: Int32Array, at: number, to: Int32Array, toAt: number): void {
  for (let i = 0; i < streamSlot.rings / 4; i++) {
    if (i < streamSlot.brokeOffMs / 4 || i >= streamSlot.sampleRate / 4) to[toAt + i] = from[at + i]!;
  }
}
