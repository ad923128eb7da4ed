/**
 * Where a packet lies on its participant's timeline: in order, after a gap, after a pause, late, or seen before. ACS sends no
 * sequence numbers, so all is inferred from its timestamps, which are receive times: they wander while nothing is lost
 * (`stamp-grid.ts`). State lives in the ring's header; numbers in, numbers out. Worker thread.
 *
 * Unit of all steps is the duration of the newest packet (20 ms as a rule), so that other packet sizes work the same way. A
 * 64-bit window remembers which of the last 64 steps were seen; what is late belongs into a hole. Counting is never taken back:
 * a swap of two frames is one missing frame, one gap and one frame out of order; frames really lost = missing - out of order.
 *
 * A packet from further back than the window is a straggler, or ACS's clock was set back: only the packet after it tells.
 * So the first one is put behind the newest for the time being. If the next continues the newest, it takes that place; if it
 * continues the old one, the timeline goes on from there.
 */
import {
  bytesPerSample,
  dayMs,
  frameDurationMs,
  frozenStampMs,
  idleGapMs,
  reorderWindowFrames,
  stallMsMax,
  stampWanderMs,
  timelineJumpMsMax,
} from '../limits.ts';
import { frameFlag, ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';
import type { Placement } from './placement.ts';
import { StampGrid } from './stamp-grid.ts';

/** Whoever has to know what was learnt of a participant's stamps before it changes. */
export interface StampNote {
  noteStamps(writer: RingWriter): void;
}

/** A packet's PCM, before it is published. */
export class Pcm {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  length = 0;
}

export function samplesOf(pcmBytes: number): number {
  return pcmBytes / bytesPerSample;
}

/** So far off its grid is a stamp that is regular: it is rounded to milliseconds. */
const steadyMs = 1.5;

/**
 * Places a packet and moves the timeline.
 * @param timestampMs ACS's timestamp; NaN if it cannot be used: the packet follows the newest one
 * @param arrivalMs by our own clock, which no peer can set
 * @param pausesAreIdle unmixed mode: a long jump is a participant who was not dominant, not a loss
 */
export function place(
  writer: RingWriter,
  note: StampNote,
  timestampMs: number,
  arrivalMs: number,
  pcm: Pcm,
  pausesAreIdle: boolean,
  placement: Placement,
): void {
  const { f64 } = writer;
  const base = writer.at / 8;
  const newestSamples = f64[base + ring.newestSamples / 8]!;
  const gridMs = f64[base + ring.gridMs / 8]!;
  const offGridMs = timestampMs - gridMs;
  placement.clear();
  const isSteady =
    Math.abs(offGridMs) <= steadyMs &&
    f64[base + ring.unsettled / 8] === 0 &&
    timestampMs > f64[base + ring.highestTimestampMs / 8]! &&
    !(arrivalMs - timestampMs < f64[base + ring.leastTransitMs / 8]!) &&
    newestSamples > 0;
  if (isSteady) {
    // All that there is to learn was learnt, and nothing is special about this packet: as most are.
    const sampleRate = writer.i32[(writer.at + ring.sampleRate) / 4]!;
    // After a late packet or a straggler this one does follow the newest, but that is not what it would be compared with.
    placement.consecutive = f64[base + ring.referenceTimestampMs / 8] === f64[base + ring.newestTimestampMs / 8];
    placement.wanderMs = Math.abs(offGridMs);
    placement.positionSamples = f64[base + ring.newestPositionSamples / 8]! + newestSamples;
    f64[base + ring.gridMs / 8] = gridMs + offGridMs / 8 + (samplesOf(pcm.length) * 1000) / sampleRate;
    f64[base + ring.highestTimestampMs / 8] = timestampMs;
    advance(writer, 1, timestampMs, placement.positionSamples, pcm.length);
    return;
  }
  note.noteStamps(writer);
  look.at(writer, timestampMs, arrivalMs, pcm, placement);
  look.place(pausesAreIdle);
}

/** A closer look at one packet; reused. */
class Look {
  private readonly grid = new StampGrid();
  private writer!: RingWriter;
  private pcm = new Pcm();
  private placement!: Placement;
  private timestampMs = 0;
  private arrivalMs = 0;
  private msPerSample = 0;
  private newestSamples = 0;
  /** Behind the newest packet. */
  private nextPosition = 0;

  at(writer: RingWriter, timestampMs: number, arrivalMs: number, pcm: Pcm, placement: Placement): void {
    this.writer = writer;
    this.timestampMs = timestampMs;
    this.arrivalMs = arrivalMs;
    this.pcm = pcm;
    this.placement = placement;
    this.msPerSample = 1000 / writer.sampleRate;
    this.newestSamples = this.double(ring.newestSamples);
    this.nextPosition = this.double(ring.newestPositionSamples) + this.newestSamples;
  }

  place(pausesAreIdle: boolean): void {
    const { grid, timestampMs } = this;
    if (this.newestSamples === 0) {
      this.begin();
      return;
    }
    grid.load(this.writer);
    if (Number.isNaN(timestampMs)) this.followUnstamped();
    else if (timestampMs > grid.highestMs) this.placeNew(pausesAreIdle);
    else if (!this.isTwin()) {
      if (timestampMs === this.double(ring.newestTimestampMs)) this.followSame();
      else this.placeOld(pausesAreIdle);
    } else return;
    this.tellLoss();
    grid.store(this.writer);
  }

  private tellLoss(): void {
    const { grid, placement } = this;
    if (grid.lostSteps === 0) return;
    placement.missingFrames = this.framesOf(grid.lostSteps);
    placement.gaps = grid.gaps;
  }

  /** No packet will tell any more. */
  settleDoubt(writer: RingWriter, placement: Placement): void {
    const { grid } = this;
    this.at(writer, Number.NaN, Number.NaN, this.pcm, placement);
    grid.load(writer);
    grid.endDoubt();
    this.tellLoss();
    grid.store(writer);
  }

  /** A participant's first packet. */
  private begin(): void {
    const { writer, grid, timestampMs, arrivalMs, placement } = this;
    const base = writer.at / 8;
    placement.positionSamples = 0;
    placement.isUnusable = Number.isNaN(timestampMs);
    writer.f64[base + ring.firstTimestampMs / 8] = timestampMs;
    writer.f64[base + ring.firstArrivalMs / 8] = arrivalMs;
    grid.begin(timestampMs, 0, arrivalMs - timestampMs);
    this.advance(1, timestampMs, 0);
    grid.store(writer);
  }

  /** No stamp says when: behind the newest packet, or, after a silence, at the time of the arrival. */
  private followUnstamped(): void {
    const { placement, arrivalMs, stepMs } = this;
    placement.isUnusable = true;
    let steps = 0;
    if (this.sinceLastMs - stepMs > idleGapMs) {
      const dueMs = arrivalMs - this.double(ring.firstArrivalMs) - this.nextPosition * this.msPerSample;
      steps = Math.max(0, Math.round(dueMs / stepMs));
    }
    if (steps > 0) placement.resume(this.framesOf(steps));
    this.grid.gridMs += steps * stepMs;
    this.advance(1 + steps, this.double(ring.newestTimestampMs), this.nextPosition + steps * this.newestSamples);
  }

  /** The stamp of the packet before, but other audio: the clock is a coarse one, or it stands still. */
  private followSame(): void {
    const { grid, placement } = this;
    grid.sameMs += this.durationMs;
    // Where in its tick the first stamp lies is not known: the next tick tells.
    if (this.timestampMs === this.double(ring.firstTimestampMs)) grid.learnt = 0;
    else grid.refuteDoubt(this.timestampMs + this.stepMs, this.stepMs);
    if (grid.sameMs > frozenStampMs) {
      this.followUnstamped();
      return;
    }
    placement.consecutive = this.follows;
    this.advance(1, this.timestampMs, this.nextPosition);
  }

  /** A stamp before others that came: late, or it wanders; or the clock was set back. */
  private placeOld(pausesAreIdle: boolean): void {
    const { grid, placement, timestampMs, stepMs, nextPosition, newestSamples, writer } = this;
    const behindMs = grid.gridMs - stepMs - timestampMs;
    const behind = Math.round(behindMs / stepMs);
    if (behind >= reorderWindowFrames) {
      const sinceLastMs = timestampMs - this.double(ring.referenceTimestampMs);
      if (Math.abs(sinceLastMs - stepMs) <= stampWanderMs) {
        this.setClock(nextPosition + newestSamples);
        markSeen(writer, 1);
      } else {
        placement.flags = frameFlag.late;
        placement.positionSamples = nextPosition;
      }
      return;
    }
    const isOnGrid = Math.abs(behindMs - behind * stepMs) <= grid.toleranceMs(stepMs);
    const isBeyondWander = isOnGrid || timestampMs - grid.gridMs < -grid.leadMs(stepMs);
    if (behind >= 1 && isBeyondWander && !isSeen(writer, behind)) {
      markSeen(writer, behind);
      placement.flags = frameFlag.late;
      if (grid.heldSteps > 0 || grid.displacedSteps > 0) {
        // There is no hole for it in the audio: it comes behind the newest.
        placement.positionSamples = nextPosition;
        writer.f64[(writer.at + ring.newestPositionSamples) / 8] = nextPosition;
        grid.displacedSteps = reorderWindowFrames;
      } else placement.positionSamples = nextPosition - (behind + 1) * newestSamples;
      // It was not wander.
      grid.endDoubt();
      return;
    }
    this.placeNew(pausesAreIdle);
  }

  /** In order, after a gap or a pause; or the clock was set. */
  private placeNew(pausesAreIdle: boolean): void {
    const { grid, placement, timestampMs, arrivalMs, stepMs, nextPosition, newestSamples } = this;
    const nextMs = nextPosition * this.msPerSample;
    if (Number.isNaN(grid.gridMs)) grid.begin(timestampMs, nextMs, arrivalMs - timestampMs);
    const offMs = grid.learnt === 0 ? 0 : timestampMs - grid.gridMs;
    const aheadMs = nextMs + offMs - (arrivalMs - this.double(ring.firstArrivalMs));
    const isFar = offMs > timelineJumpMsMax || (offMs > this.stepMs / 2 && aheadMs > timelineJumpMsMax);
    if (isFar && !this.isConfirmed(offMs)) {
      this.setClock(nextPosition);
      return;
    }
    if (isFar || (pausesAreIdle && offMs > idleGapMs)) {
      grid.resume(timestampMs);
      const steps = Math.max(0, Math.round((grid.gridMs - grid.originMs - nextMs) / stepMs));
      placement.resume(this.framesOf(Math.max(1, steps)));
      grid.take(timestampMs, arrivalMs, this.sinceLastMs, stepMs);
      this.advance(1 + steps, timestampMs, nextPosition + steps * newestSamples);
      return;
    }
    const leftOut = grid.take(timestampMs, arrivalMs, this.sinceLastMs, stepMs);
    // How far the audio has fallen behind the stamps: by what is left out, and by what their clock is faster than ours.
    const behindMs = grid.gridMs - grid.heldSteps * stepMs - grid.originMs - nextMs;
    const hole = leftOut > 0 ? Math.max(0, Math.round(behindMs / stepMs)) : Math.max(0, Math.floor(behindMs / stepMs));
    const elapsedMs = timestampMs - this.double(ring.newestTimestampMs);
    placement.consecutive = this.follows && (leftOut === 0 || elapsedMs <= 1.5 * stepMs);
    placement.wanderMs = Math.abs(timestampMs - grid.gridMs);
    this.advance(1 + leftOut, timestampMs, nextPosition + hole * newestSamples);
    grid.displacedSteps = hole === leftOut ? Math.max(0, grid.displacedSteps - 1) : reorderWindowFrames;
  }

  /** Whether our own clock says the same: a hold, or a participant who was not dominant for a long time. */
  private isConfirmed(offMs: number): boolean {
    return offMs <= dayMs && Math.abs(offMs + this.stepMs - this.sinceLastMs) <= stallMsMax;
  }

  /** ACS's clock was set: the timeline goes on without a hole, from a new timestamp. */
  private setClock(position: number): void {
    const { grid, placement, timestampMs, arrivalMs } = this;
    placement.isClockStep = true;
    placement.flags = frameFlag.resumed;
    grid.set(timestampMs, position * this.msPerSample, arrivalMs - timestampMs);
    this.advance(reorderWindowFrames, timestampMs, position);
  }

  /** Whether it has come before: the same stamp and the same audio. */
  private isTwin(): boolean {
    const { writer, placement, timestampMs, pcm } = this;
    const framesBack = reorderWindowFrames * this.framesOf(1);
    let position = writer.positionOf(timestampMs, pcm.bytes, pcm.at, pcm.length, framesBack);
    if (Number.isNaN(position)) {
      // If it is not in the ring any more, what is left is that its step was seen.
      const behindMs = this.grid.gridMs - this.stepMs - timestampMs;
      const behind = this.grid.wholeSteps(behindMs, this.stepMs);
      const isGone = behind * this.framesOf(1) >= Math.min(writer.head, writer.slotCount - 1);
      if (!(isGone && behind < reorderWindowFrames && isSeen(writer, behind))) return false;
      position = this.nextPosition - (behind + 1) * this.newestSamples;
    }
    if (!Number.isFinite(position)) return false;
    placement.flags = frameFlag.duplicate;
    placement.positionSamples = position;
    return true;
  }

  private advance(steps: number, timestampMs: number, position: number): void {
    this.placement.positionSamples = position;
    this.grid.gridMs += this.durationMs;
    advance(this.writer, steps, timestampMs, position, this.pcm.length);
  }

  private get stepMs(): number {
    return this.newestSamples * this.msPerSample;
  }

  private get durationMs(): number {
    return samplesOf(this.pcm.length) * this.msPerSample;
  }

  /** Whether the packet before it was the newest. */
  private get follows(): boolean {
    return this.double(ring.referenceTimestampMs) === this.double(ring.newestTimestampMs);
  }

  /** Since the last packet arrived. */
  private get sinceLastMs(): number {
    return this.arrivalMs - this.double(ring.referenceArrivalMs);
  }

  private framesOf(steps: number): number {
    return Math.max(1, Math.round((steps * this.stepMs) / frameDurationMs));
  }

  private double(field: number): number {
    return this.writer.f64[(this.writer.at + field) / 8]!;
  }
}

const look = new Look();

/** Whether there are packets of which it is not known yet whether they were lost. */
export function isInDoubt({ f64, at }: RingWriter): boolean {
  return f64[(at + ring.doubtfulSteps) / 8]! > 0;
}

/** Before a ring ends: what is in doubt is lost. */
export function settleDoubt(writer: RingWriter, placement: Placement): void {
  placement.clear();
  look.settleDoubt(writer, placement);
}

/**
 * The participant goes on in another ring, `to`, as if it were the same one: no gap, no pause, and the same jitter. Positions
 * begin at 0 again, directly behind the newest packet.
 */
export function carryOn(from: RingWriter, to: RingWriter): void {
  const word = (writer: RingWriter, field: number) => (writer.at + field) / 4;
  const double = (writer: RingWriter, field: number) => (writer.at + field) / 8;
  for (const field of [ring.windowLow, ring.windowHigh]) to.i32[word(to, field)] = from.i32[word(from, field)]!;
  for (let field: number = ring.newestTimestampMs; field < ring.jitterWorstMs; field += 8) {
    to.f64[double(to, field)] = from.f64[double(from, field)]!;
  }
  for (let field: number = ring.unsettled; field < ring.missingFrames; field += 8) {
    to.f64[double(to, field)] = from.f64[double(from, field)]!;
  }
  const samples = from.f64[double(from, ring.newestSamples)]!;
  const msPerSample = 1000 / from.sampleRate;
  const nextMs = (from.f64[double(from, ring.newestPositionSamples)]! + samples) * msPerSample;
  to.f64[double(to, ring.newestPositionSamples)] = -samples;
  to.f64[double(to, ring.originMs)] = from.f64[double(from, ring.originMs)]! + nextMs;
  to.f64[double(to, ring.firstTimestampMs)] = from.f64[double(from, ring.newestTimestampMs)]! + samples * msPerSample;
  to.f64[double(to, ring.firstArrivalMs)] = from.f64[double(from, ring.firstArrivalMs)]! + nextMs;
}

/** Makes the packet the newest one, `steps` behind the last. */
function advance(writer: RingWriter, steps: number, timestampMs: number, position: number, pcmBytes: number): void {
  const { i32, f64, at } = writer;
  const low = (at + ring.windowLow) / 4;
  const high = (at + ring.windowHigh) / 4;
  if (steps < 32) {
    i32[high] = (i32[high]! << steps) | (i32[low]! >>> (32 - steps));
    i32[low] = (i32[low]! << steps) | 1;
  } else {
    i32[high] = steps < 64 ? i32[low]! << (steps - 32) : 0;
    i32[low] = 1;
  }
  f64[(at + ring.newestTimestampMs) / 8] = timestampMs;
  f64[(at + ring.newestPositionSamples) / 8] = position;
  f64[(at + ring.newestSamples) / 8] = samplesOf(pcmBytes);
}

function isSeen(writer: RingWriter, behind: number): boolean {
  const word = (writer.at + (behind < 32 ? ring.windowLow : ring.windowHigh)) / 4;
  return (writer.i32[word]! & (1 << (behind & 31))) !== 0;
}

function markSeen(writer: RingWriter, behind: number): void {
  const word = (writer.at + (behind < 32 ? ring.windowLow : ring.windowHigh)) / 4;
  writer.i32[word]! |= 1 << (behind & 31);
}
