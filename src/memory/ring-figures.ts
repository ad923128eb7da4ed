/**
 * What a ring's header says of its participant: where the newest packet lies on the timeline, the jitter, and what was counted.
 * Written by the worker that has the lane; read by any thread: each number is whole, but they may be a batch apart.
 */
import { ring } from './layout.ts';
import { inDoubles, inWords } from './offsets.ts';
import { RingHeader } from './ring-header.ts';
import type { SharedMemory } from './shared-memory.ts';

const { windowLow: windowLowAt, windowHigh: windowHighAt } = inWords(ring);
const {
  newestTimestampMs: newestTimestampMsAt,
  newestPositionSamples: newestPositionSamplesAt,
  newestSamples: newestSamplesAt,
  gridMs: gridMsAt,
  jitterMs: jitterMsAt,
  referenceArrivalMs: referenceArrivalMsAt,
  referenceTimestampMs: referenceTimestampMsAt,
  jitterWorstMs: jitterWorstMsAt,
  jitterSumMs: jitterSumMsAt,
  jitterCount: jitterCountAt,
  silentFrames: silentFramesAt,
  originMs: originMsAt,
  missingFrames: missingFramesAt,
  gaps: gapsAt,
  duplicateFrames: duplicateFramesAt,
  outOfOrderFrames: outOfOrderFramesAt,
  pauses: pausesAt,
  unusableStamps: unusableStampsAt,
  firstTimestampMs: firstTimestampMsAt,
  firstArrivalMs: firstArrivalMsAt,
  unsettled: unsettledAt,
  leastTransitMs: leastTransitMsAt,
  wanderMs: wanderMsAt,
  doubtfulSteps: doubtfulStepsAt,
} = inDoubles(ring);

export class RingFigures extends RingHeader {
  /** Where the newest packet lies. */
  get newestTimestampMs(): number {
    return this.f64[this.double + newestTimestampMsAt]!;
  }
  set newestTimestampMs(value: number) {
    this.f64[this.double + newestTimestampMsAt] = value;
  }
  get newestPositionSamples(): number {
    return this.f64[this.double + newestPositionSamplesAt]!;
  }
  set newestPositionSamples(value: number) {
    this.f64[this.double + newestPositionSamplesAt] = value;
  }
  get newestSamples(): number {
    return this.f64[this.double + newestSamplesAt]!;
  }
  set newestSamples(value: number) {
    this.f64[this.double + newestSamplesAt] = value;
  }
  /** The timestamp that the next packet would have. */
  get gridMs(): number {
    return this.f64[this.double + gridMsAt]!;
  }
  set gridMs(value: number) {
    this.f64[this.double + gridMsAt] = value;
  }
  get jitterMs(): number {
    return this.f64[this.double + jitterMsAt]!;
  }
  set jitterMs(value: number) {
    this.f64[this.double + jitterMsAt] = value;
  }
  /** Arrival and timestamp of the last packet. */
  get referenceArrivalMs(): number {
    return this.f64[this.double + referenceArrivalMsAt]!;
  }
  set referenceArrivalMs(value: number) {
    this.f64[this.double + referenceArrivalMsAt] = value;
  }
  get referenceTimestampMs(): number {
    return this.f64[this.double + referenceTimestampMsAt]!;
  }
  set referenceTimestampMs(value: number) {
    this.f64[this.double + referenceTimestampMsAt] = value;
  }
  get jitterWorstMs(): number {
    return this.f64[this.double + jitterWorstMsAt]!;
  }
  set jitterWorstMs(value: number) {
    this.f64[this.double + jitterWorstMsAt] = value;
  }
  get jitterSumMs(): number {
    return this.f64[this.double + jitterSumMsAt]!;
  }
  set jitterSumMs(value: number) {
    this.f64[this.double + jitterSumMsAt] = value;
  }
  get jitterCount(): number {
    return this.f64[this.double + jitterCountAt]!;
  }
  set jitterCount(value: number) {
    this.f64[this.double + jitterCountAt] = value;
  }
  get silentFrames(): number {
    return this.f64[this.double + silentFramesAt]!;
  }
  set silentFrames(value: number) {
    this.f64[this.double + silentFramesAt] = value;
  }
  /** The timestamp that position 0 would have. */
  get originMs(): number {
    return this.f64[this.double + originMsAt]!;
  }
  set originMs(value: number) {
    this.f64[this.double + originMsAt] = value;
  }
  // What most frames do not change.
  get missingFrames(): number {
    return this.f64[this.double + missingFramesAt]!;
  }
  set missingFrames(value: number) {
    this.f64[this.double + missingFramesAt] = value;
  }
  get gaps(): number {
    return this.f64[this.double + gapsAt]!;
  }
  set gaps(value: number) {
    this.f64[this.double + gapsAt] = value;
  }
  get duplicateFrames(): number {
    return this.f64[this.double + duplicateFramesAt]!;
  }
  set duplicateFrames(value: number) {
    this.f64[this.double + duplicateFramesAt] = value;
  }
  get outOfOrderFrames(): number {
    return this.f64[this.double + outOfOrderFramesAt]!;
  }
  set outOfOrderFrames(value: number) {
    this.f64[this.double + outOfOrderFramesAt] = value;
  }
  get pauses(): number {
    return this.f64[this.double + pausesAt]!;
  }
  set pauses(value: number) {
    this.f64[this.double + pausesAt] = value;
  }
  get unusableStamps(): number {
    return this.f64[this.double + unusableStampsAt]!;
  }
  set unusableStamps(value: number) {
    this.f64[this.double + unusableStampsAt] = value;
  }
  get firstTimestampMs(): number {
    return this.f64[this.double + firstTimestampMsAt]!;
  }
  set firstTimestampMs(value: number) {
    this.f64[this.double + firstTimestampMsAt] = value;
  }
  get firstArrivalMs(): number {
    return this.f64[this.double + firstArrivalMsAt]!;
  }
  set firstArrivalMs(value: number) {
    this.f64[this.double + firstArrivalMsAt] = value;
  }

  // What was learnt of the stamps; all of it is in `ring-stamps.ts`.
  /** 0 when stamps are regular, and nothing is open. */
  get unsettled(): number {
    return this.f64[this.double + unsettledAt]!;
  }
  get leastTransitMs(): number {
    return this.f64[this.double + leastTransitMsAt]!;
  }
  get wanderMs(): number {
    return this.f64[this.double + wanderMsAt]!;
  }
  /** Steps left out of which it is not known yet whether they are lost. */
  get doubtfulSteps(): number {
    return this.f64[this.double + doubtfulStepsAt]!;
  }

  /** The last 64 steps, a bit for each that was seen; the newest is the lowest bit of `low`. */
  get windowLow(): number {
    return this.i32[this.word + windowLowAt]!;
  }
  get windowHigh(): number {
    return this.i32[this.word + windowHighAt]!;
  }
  setWindow(low: number, high: number): void {
    this.i32[this.word + windowHighAt] = high;
    this.i32[this.word + windowLowAt] = low;
  }

  /** Takes over what another ring says of its participant's timeline and stamps, and the jitter. */
  carryOn({ i32, f64, word, double }: RingFigures): void {
    this.setWindow(i32[word + windowLowAt]!, i32[word + windowHighAt]!);
    const copy = (from: number, to: number) => {
      for (let field = from / 8; field < to / 8; field++) this.f64[this.double + field] = f64[double + field]!;
    };
    copy(ring.newestTimestampMs, ring.jitterWorstMs);
    copy(ring.unsettled, ring.missingFrames);
  }
}

/** The header of a ring, to look at. */
export function ringFigures(memory: SharedMemory, index: number): RingFigures {
  const { i32, f64 } = memory.slabOf(index);
  return new RingFigures(i32, f64, memory.ringOffset(index));
}
