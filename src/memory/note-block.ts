/**
 * The block of a lane in which the record in hand notes what it changes, as it was before: copies of parts of the ring, of the
 * stream's slot and of the lane, and the packet that is being published. Which part holds when is `decoder/undo-note.ts`'s to
 * say; what every frame adds to is noted by `FrameCounts`. Worker thread; main thread while no worker has the lane.
 */
import { packetBytesMax } from '../base/limits.ts';
import type { LaneHeader } from './lane-header.ts';
import { lane, note, ring, streamSlot } from './layout.ts';
import type { RingFigures } from './ring-figures.ts';
import type { StreamSlot } from './stream-slot.ts';

const word = (field: number) => (lane.note + field) / 4;
const double = (field: number) => (lane.note + field) / 8;

// Of what is noted for every frame: looked up once.
const parts = word(note.state);
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

export class NoteBlock {
  /** For a message whose PCM cannot go straight into a slot. */
  readonly packet: Buffer;
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;

  constructor({ i32, f64, bytes }: LaneHeader) {
    this.i32 = i32;
    this.f64 = f64;
    this.packet = bytes.subarray(lane.note + note.packetPcm, lane.note + note.packetPcm + packetBytesMax);
  }

  /** The parts that hold, a bit each; 0 between two records. */
  get parts(): number {
    return this.i32[parts]!;
  }
  set parts(bits: number) {
    this.i32[parts] = bits;
  }

  /** The ring, and what every frame changes in it. */
  copyRing(index: number, { i32: from, f64: doubles, word, double }: RingFigures): void {
    const { i32, f64 } = this;
    i32[ringIndex] = index;
    i32[headBefore] = from[word + ring.head / 4]!;
    i32[windowLow] = from[word + ringWindowLow]!;
    i32[windowHigh] = from[word + ringWindowHigh]!;
    const at = double + ringTimeline;
    f64[timeline] = doubles[at]!;
    f64[timeline + 1] = doubles[at + 1]!;
    f64[timeline + 2] = doubles[at + 2]!;
    f64[timeline + 3] = doubles[at + 3]!;
    f64[timeline + 4] = doubles[at + 4]!;
    f64[timeline + 5] = doubles[at + 5]!;
    f64[timeline + 6] = doubles[at + 6]!;
    f64[timeline + 7] = doubles[at + 7]!;
    f64[timeline + 8] = doubles[at + 8]!;
    f64[timeline + 9] = doubles[at + 9]!;
    f64[timeline + 10] = doubles[at + 10]!;
  }
  putBackRing({ i32, f64, word, double }: RingFigures): void {
    i32[word + ringWindowLow] = this.i32[windowLow]!;
    i32[word + ringWindowHigh] = this.i32[windowHigh]!;
    copyDoubles(this.f64, timeline, f64, double + ringTimeline, timelineDoubles);
  }
  get ring(): number {
    return this.i32[ringIndex]!;
  }
  get headBefore(): number {
    return this.i32[headBefore]!;
  }

  /** What was learnt of a participant's timestamps. */
  copyStamps({ f64, double: at }: RingFigures): void {
    copyDoubles(f64, at + ring.unsettled / 8, this.f64, double(note.ringStamps), stampDoubles);
  }
  putBackStamps({ f64, double: at }: RingFigures): void {
    copyDoubles(this.f64, double(note.ringStamps), f64, at + ring.unsettled / 8, stampDoubles);
  }

  /** A ring's rarer counters. */
  copyRingCounts({ f64, double: at }: RingFigures): void {
    copyDoubles(f64, at + ring.missingFrames / 8, this.f64, double(note.ringGaps), 2);
    copyDoubles(f64, at + ring.duplicateFrames / 8, this.f64, double(note.ringOthers), 4);
  }
  putBackRingCounts({ f64, double: at }: RingFigures): void {
    copyDoubles(this.f64, double(note.ringGaps), f64, at + ring.missingFrames / 8, 2);
    copyDoubles(this.f64, double(note.ringOthers), f64, at + ring.duplicateFrames / 8, 4);
  }

  /** The lane's rarer counters, and the stream's slot. */
  copyOthers({ i32, word: at }: StreamSlot): void {
    copyDoubles(this.f64, lane.control / 8, this.f64, double(note.laneOthers), otherCounts);
    copySlot(i32, at, this.i32, word(note.streamSlot));
  }
  putBackOthers({ i32, word: at }: StreamSlot): void {
    copyDoubles(this.f64, double(note.laneOthers), this.f64, lane.control / 8, otherCounts);
    copySlot(this.i32, word(note.streamSlot), i32, at);
  }

  /** The counters of one reason for dropping, of the lane and of the stream: a flood is thousands of drops, and all counters are many. */
  copyDrops(reason: number, { f64: from, double: at }: StreamSlot): void {
    const { f64 } = this;
    this.i32[word(note.dropReason)] = reason;
    f64[double(note.drops)] = f64[lane.dropped / 8 + reason]!;
    f64[double(note.drops) + 1] = from[at + streamSlot.dropped / 8 + reason]!;
  }
  putBackDrops({ f64: to, double: at }: StreamSlot): void {
    const { f64 } = this;
    const reason = this.i32[word(note.dropReason)]!;
    f64[lane.dropped / 8 + reason] = f64[double(note.drops)]!;
    to[at + streamSlot.dropped / 8 + reason] = f64[double(note.drops) + 1]!;
  }

  /** The counter of messages that only the general parser reads: one for each of those. */
  copyFallbacks(): void {
    this.f64[double(note.fallbacks)] = this.f64[lane.fallbacks / 8]!;
  }
  putBackFallbacks(): void {
    this.f64[lane.fallbacks / 8] = this.f64[double(note.fallbacks)]!;
  }

  // ── how `packet` is to be published ──
  setPacket(bytes: number, flags: number, missing: number, timestampMs: number, arrivalMs: number, at: number): void {
    const { i32, f64 } = this;
    i32[word(note.packetBytes)] = bytes;
    i32[word(note.packetFlags)] = flags;
    i32[word(note.packetMissing)] = missing;
    f64[double(note.packetTimestampMs)] = timestampMs;
    f64[double(note.packetArrivalMs)] = arrivalMs;
    f64[double(note.packetPosition)] = at;
  }
  get packetBytes(): number {
    return this.i32[word(note.packetBytes)]!;
  }
  get packetFlags(): number {
    return this.i32[word(note.packetFlags)]!;
  }
  get packetMissing(): number {
    return this.i32[word(note.packetMissing)]!;
  }
  get packetTimestampMs(): number {
    return this.f64[double(note.packetTimestampMs)]!;
  }
  get packetArrivalMs(): number {
    return this.f64[double(note.packetArrivalMs)]!;
  }
  get packetPosition(): number {
    return this.f64[double(note.packetPosition)]!;
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
