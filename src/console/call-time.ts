/**
 * Where frames of a call's tracks lie on one axis: units of 20 ms since the call's first frame. A track's own timeline says how far its frames are
 * apart, ACS's stamps how far its beginning is from the others'; where that and our clock disagree by far, our clock has it. Console thread.
 */
import { bytesPerSample, frameBytes, frameDurationMs } from '../base/limits.ts';
import type { Frame } from '../ring/frame.ts';
import type { Meter } from './meter.ts';

/** Beginnings by ACS's stamps that differ from the arrivals by more are not believed. */
const beginMsMax = 5_000;
/** A frame may be so much later on its timeline than it arrived, as what is sent ahead, or earlier, as after a stall. */
const aheadUnitsMax = 300;
const behindUnitsMax = 3_000;

export class CallTime {
  /** On the process's clock: the arrival of the first frame. */
  readonly startMs: number;
  private readonly firstTimestampMs: number;

  private constructor(startMs: number, firstTimestampMs: number) {
    this.startMs = startMs;
    this.firstTimestampMs = firstTimestampMs;
  }

  /** Null before the first frame. */
  static of(meters: readonly Meter[]): CallTime | null {
    let first: Meter | null = null;
    for (const meter of meters) {
      if (meter.isGone || meter.figures.loadHead() === 0) continue;
      if (first === null || meter.figures.firstArrivalMs < first.figures.firstArrivalMs) first = meter;
    }
    return first === null ? null : new CallTime(first.figures.firstArrivalMs, first.figures.firstTimestampMs);
  }

  /** Not rounded. */
  unitsAt(ms: number): number {
    return (ms - this.startMs) / frameDurationMs;
  }

  /** Where a track begins. */
  offsetOf({ figures }: Meter): number {
    const byArrivalMs = figures.firstArrivalMs - this.startMs;
    const byStampMs = figures.firstTimestampMs - this.firstTimestampMs;
    const isBelieved = Number.isFinite(byStampMs) && Math.abs(byStampMs - byArrivalMs) < beginMsMax;
    return (isBelieved ? byStampMs : byArrivalMs) / frameDurationMs;
  }
}

/** One track on the axis. */
export class TrackTime {
  private readonly call: CallTime;
  private readonly samplesPerUnit: number;
  private offset: number;

  constructor(call: CallTime, meter: Meter) {
    this.call = call;
    this.samplesPerUnit = frameBytes(meter.address.sampleRate) / bytesPerSample;
    this.offset = call.offsetOf(meter);
  }

  unitOf({ positionSamples, arrivalMs }: Frame): number {
    const position = positionSamples / this.samplesPerUnit;
    const ahead = this.offset + position - this.call.unitsAt(arrivalMs);
    if (ahead > aheadUnitsMax || ahead < -behindUnitsMax) this.offset -= ahead;
    return Math.max(0, Math.round(this.offset + position));
  }
}
