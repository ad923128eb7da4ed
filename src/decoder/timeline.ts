/**
 * Where a packet lies on its participant's timeline: in order, after a gap, after a pause, late, or seen before. ACS sends
 * no sequence numbers, so all is inferred from its timestamps. State lives in the ring's header; numbers in, numbers out.
 *
 * Unit of all steps is the duration of the newest packet (20 ms as a rule), so that other packet sizes work the same way.
 * A 64-bit window remembers which of the last 64 steps were seen: a timestamp that comes again is a duplicate, one that
 * comes late for the first time is out of order. Counting is immediate and never taken back: a swap of two frames is one
 * missing frame, one gap and one frame out of order; frames really lost = missing - out of order.
 *
 * A packet from further back than the window is a straggler, or ACS's clock was set back: only the packet after it tells.
 * So the first one is put behind the newest for the time being. If the next continues the newest, it takes that place; if it
 * continues the old one, the timeline goes on from there.
 */
import { bytesPerSample, frameDurationMs, idleGapMs, reorderWindowFrames, timelineJumpMsMax } from '../limits.ts';
import { frameFlag, ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';

/** The verdict on one packet; reused. */
export class Placement {
  /** Bits of `frameFlag`: duplicate, late, resumed. */
  flags = 0;
  /** Frames of 20 ms that should have come before this packet and did not. */
  missingFrames = 0;
  /** Where the packet's first sample belongs, in samples since the participant's first frame. */
  positionSamples = 0;
  /** Follows the newest without a hole, and nothing late came between: their distance says something about jitter. */
  consecutive = false;
  /** The participant was not dominant for a while, and so long. */
  isPause = false;
  pauseFrames = 0;
  /** ACS's clock was set. */
  isClockStep = false;
}

/** What was taken for a pause is a loss after all. */
export function countAsLoss(placement: Placement): void {
  placement.isPause = false;
  placement.missingFrames = placement.pauseFrames;
  placement.flags &= ~frameFlag.resumed;
}

export function samplesOf(pcmBytes: number): number {
  return pcmBytes / bytesPerSample;
}

/**
 * Places a packet and moves the timeline.
 * @param timestampMs ACS's timestamp; NaN is taken as "directly after the newest packet"
 * @param arrivalMs by our own clock, which no peer can set
 * @param pausesAreIdle unmixed mode: a long jump is a participant who was not dominant, not a loss
 */
export function place(
  writer: RingWriter,
  timestampMs: number,
  arrivalMs: number,
  pcmBytes: number,
  pausesAreIdle: boolean,
  placement: Placement,
): void {
  const { f64 } = writer;
  const base = writer.at / 8;
  const newestSamples = f64[base + ring.newestSamples / 8]!;
  placement.flags = 0;
  placement.missingFrames = 0;
  placement.consecutive = false;
  placement.isPause = false;
  placement.isClockStep = false;
  if (newestSamples === 0) {
    placement.positionSamples = 0;
    advance(writer, 1, timestampMs, 0, pcmBytes);
    f64[base + ring.firstTimestampMs / 8] = timestampMs;
    f64[base + ring.firstArrivalMs / 8] = arrivalMs;
    return;
  }

  const sampleRate = writer.i32[(writer.at + ring.sampleRate) / 4]!;
  const stepMs = (newestSamples * 1000) / sampleRate;
  const newestMs = f64[base + ring.newestTimestampMs / 8]!;
  const newestPosition = f64[base + ring.newestPositionSamples / 8]!;
  // Without a timestamp on either side there is nothing to compare: the packet follows.
  const elapsedMs = Number.isNaN(timestampMs - newestMs) ? stepMs : timestampMs - newestMs;

  if (elapsedMs > 0) {
    const steps = elapsedMs > 1.5 * stepMs ? Math.round(elapsedMs / stepMs) : 1;
    const gapMs = elapsedMs - stepMs;
    // After a late packet or a straggler this one does follow the newest, but that is not what it would be compared with.
    placement.consecutive = steps === 1 && f64[base + ring.referenceTimestampMs / 8] === newestMs;
    if (steps > 1) {
      const positionMs = ((newestPosition + steps * newestSamples) * 1000) / sampleRate;
      const aheadMs = positionMs - (arrivalMs - f64[base + ring.firstArrivalMs / 8]!);
      if (gapMs > timelineJumpMsMax || aheadMs > timelineJumpMsMax) {
        restart(writer, timestampMs, newestPosition + newestSamples, pcmBytes, placement);
        return;
      }
      const holeFrames = Math.max(1, Math.round(((steps - 1) * stepMs) / frameDurationMs));
      if (pausesAreIdle && gapMs > idleGapMs) {
        placement.isPause = true;
        placement.pauseFrames = holeFrames;
        placement.flags = frameFlag.resumed;
      } else placement.missingFrames = holeFrames;
    }
    placement.positionSamples = newestPosition + steps * newestSamples;
    const nextMs = Number.isNaN(timestampMs) ? newestMs + stepMs : timestampMs;
    advance(writer, steps, nextMs, placement.positionSamples, pcmBytes);
    return;
  }

  const behind = elapsedMs === 0 ? 0 : Math.max(1, Math.round(-elapsedMs / stepMs));
  if (behind >= reorderWindowFrames) {
    const next = newestPosition + newestSamples;
    const sinceLastMs = timestampMs - f64[base + ring.referenceTimestampMs / 8]!;
    if (sinceLastMs > 0 && sinceLastMs <= 1.5 * stepMs) {
      restart(writer, timestampMs, next + newestSamples, pcmBytes, placement);
      markSeen(writer, 1);
    } else {
      placement.flags = frameFlag.late;
      placement.positionSamples = next;
    }
    return;
  }
  placement.positionSamples = newestPosition - behind * newestSamples;
  placement.flags = markSeen(writer, behind) ? frameFlag.duplicate : frameFlag.late;
}

/**
 * The participant goes on in another ring, `to`, as if it were the same one: no gap, no pause, and the same jitter. Positions
 * begin at 0 again, directly behind the newest packet.
 */
export function carryOn(from: RingWriter, to: RingWriter): void {
  const word = (writer: RingWriter, field: number) => (writer.at + field) / 4;
  const double = (writer: RingWriter, field: number) => (writer.at + field) / 8;
  for (const field of [ring.windowLow, ring.windowHigh]) to.i32[word(to, field)] = from.i32[word(from, field)]!;
  const { newestTimestampMs, newestSamples, jitterMs, referenceArrivalMs, referenceTimestampMs } = ring;
  for (const field of [newestTimestampMs, newestSamples, jitterMs, referenceArrivalMs, referenceTimestampMs]) {
    to.f64[double(to, field)] = from.f64[double(from, field)]!;
  }
  const samples = from.f64[double(from, newestSamples)]!;
  const msPerSample = 1000 / from.i32[word(from, ring.sampleRate)]!;
  const originMs = (from.f64[double(from, ring.newestPositionSamples)]! + samples) * msPerSample;
  to.f64[double(to, ring.newestPositionSamples)] = -samples;
  to.f64[double(to, ring.firstTimestampMs)] = from.f64[double(from, newestTimestampMs)]! + samples * msPerSample;
  to.f64[double(to, ring.firstArrivalMs)] = from.f64[double(from, ring.firstArrivalMs)]! + originMs;
}

/** ACS's clock was set: the timeline goes on without a hole, from a new timestamp. */
function restart(writer: RingWriter, timestampMs: number, position: number, pcmBytes: number, to: Placement): void {
  to.isClockStep = true;
  to.flags = frameFlag.resumed;
  to.positionSamples = position;
  advance(writer, reorderWindowFrames, timestampMs, position, pcmBytes);
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

/** Marks the step `behind` the newest as seen; returns whether it was before. */
function markSeen(writer: RingWriter, behind: number): boolean {
  const word = (writer.at + (behind < 32 ? ring.windowLow : ring.windowHigh)) / 4;
  const bit = 1 << (behind & 31);
  const seen = (writer.i32[word]! & bit) !== 0;
  writer.i32[word]! |= bit;
  return seen;
}
