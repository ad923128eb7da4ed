/**
 * What the worker that has a lane counts in it: messages and frames by what became of them, its time, and histograms. Each
 * number is whole for those who read meanwhile. What every frame adds to is added by `FrameCounts`.
 */
import { batchBounds, delayBoundsMs, Histogram, jitterBoundsMs, residenceBoundsMs } from './histogram.ts';
import { lane } from './layout.ts';
import { inDoubles } from './offsets.ts';
import { type DropReason, dropReasons, reasonIndex } from './outcomes.ts';
import { owe, owedMs } from './time-debt.ts';
import { Views } from './views.ts';

const {
  committed: committedAt,
  frames: framesAt,
  silentFrames: silentFramesAt,
  pcmBytes: pcmBytesAt,
  control: controlAt,
  ignored: ignoredAt,
  missingFrames: missingFramesAt,
  gaps: gapsAt,
  duplicateFrames: duplicateFramesAt,
  outOfOrderFrames: outOfOrderFramesAt,
  audioBeforeMetadata: audioBeforeMetadataAt,
  fallbacks: fallbacksAt,
  pauses: pausesAt,
  clockSteps: clockStepsAt,
  unusableStamps: unusableStampsAt,
  busyMs: busyMsAt,
  dropped: droppedAt,
  unaccounted: unaccountedAt,
  costlyMs: costlyMsAt,
  gateDebtMs: gateDebtMsAt,
  closeLooks: closeLooksAt,
} = inDoubles(lane);

export class LaneCounts extends Views {
  // What every frame adds to.
  get committed(): number {
    return this.f64[committedAt]!;
  }
  set committed(value: number) {
    this.f64[committedAt] = value;
  }
  get frames(): number {
    return this.f64[framesAt]!;
  }
  set frames(value: number) {
    this.f64[framesAt] = value;
  }
  get silentFrames(): number {
    return this.f64[silentFramesAt]!;
  }
  set silentFrames(value: number) {
    this.f64[silentFramesAt] = value;
  }
  get pcmBytes(): number {
    return this.f64[pcmBytesAt]!;
  }
  set pcmBytes(value: number) {
    this.f64[pcmBytesAt] = value;
  }
  // What some records add to.
  get control(): number {
    return this.f64[controlAt]!;
  }
  set control(value: number) {
    this.f64[controlAt] = value;
  }
  get ignored(): number {
    return this.f64[ignoredAt]!;
  }
  set ignored(value: number) {
    this.f64[ignoredAt] = value;
  }
  get missingFrames(): number {
    return this.f64[missingFramesAt]!;
  }
  set missingFrames(value: number) {
    this.f64[missingFramesAt] = value;
  }
  get gaps(): number {
    return this.f64[gapsAt]!;
  }
  set gaps(value: number) {
    this.f64[gapsAt] = value;
  }
  get duplicateFrames(): number {
    return this.f64[duplicateFramesAt]!;
  }
  set duplicateFrames(value: number) {
    this.f64[duplicateFramesAt] = value;
  }
  get outOfOrderFrames(): number {
    return this.f64[outOfOrderFramesAt]!;
  }
  set outOfOrderFrames(value: number) {
    this.f64[outOfOrderFramesAt] = value;
  }
  get audioBeforeMetadata(): number {
    return this.f64[audioBeforeMetadataAt]!;
  }
  set audioBeforeMetadata(value: number) {
    this.f64[audioBeforeMetadataAt] = value;
  }
  get fallbacks(): number {
    return this.f64[fallbacksAt]!;
  }
  set fallbacks(value: number) {
    this.f64[fallbacksAt] = value;
  }
  get pauses(): number {
    return this.f64[pausesAt]!;
  }
  set pauses(value: number) {
    this.f64[pausesAt] = value;
  }
  get clockSteps(): number {
    return this.f64[clockStepsAt]!;
  }
  set clockSteps(value: number) {
    this.f64[clockStepsAt] = value;
  }
  get unusableStamps(): number {
    return this.f64[unusableStampsAt]!;
  }
  set unusableStamps(value: number) {
    this.f64[unusableStampsAt] = value;
  }
  /** Time spent decoding. */
  get busyMs(): number {
    return this.f64[busyMsAt]!;
  }
  set busyMs(value: number) {
    this.f64[busyMsAt] = value;
  }

  dropped(reason: DropReason): number {
    return this.f64[droppedAt + reasonIndex[reason]]!;
  }
  drop(reason: DropReason): void {
    this.f64[droppedAt + reasonIndex[reason]]! += 1;
  }

  /** Messages dealt with that are in none of the counters, or, if negative, in two: 0, or the decoder is wrong. */
  get unaccounted(): number {
    return this.f64[unaccountedAt]!;
  }
  /** Holds the counters against the ordinal of the last message that was dealt with. */
  verify(ordinal: number): void {
    const { f64 } = this;
    let counted = f64[committedAt]! + f64[controlAt]! + f64[ignoredAt]!;
    for (let i = 0; i < dropReasons.length; i++) counted += f64[droppedAt + i]!;
    // Ordinals are modulo 2^32, and so is the difference.
    f64[unaccountedAt] = (ordinal - (counted % 2 ** 32)) | 0;
  }

  /** Time that costly messages took and that is not paid back, ms; `share` of the time that goes by is. */
  costlyOwedMs(share: number, nowMs: number): number {
    return owedMs(this.f64, costlyMsAt, share, nowMs);
  }
  oweCostly(share: number, costMs: number, nowMs: number): void {
    owe(this.f64, costlyMsAt, share, costMs, nowMs);
  }
  /** The same of the time for which its frames waited for readers. */
  gatedOwedMs(share: number, nowMs: number): number {
    return owedMs(this.f64, gateDebtMsAt, share, nowMs);
  }
  oweGated(share: number, costMs: number, nowMs: number): void {
    owe(this.f64, gateDebtMsAt, share, costMs, nowMs);
  }

  /** Its histograms; `closeLooks` is how many of the frames are in that of the stamps' deviation, all others lie on their grid. */
  histogram(of: keyof typeof laneHistograms): Histogram {
    return new Histogram(this.f64, lane[of] / 8, laneHistograms[of]);
  }
  get closeLooks(): number {
    return this.f64[closeLooksAt]!;
  }
}

/** `batch`: records that were found at a time. `delay`: how much longer than the flush interval the oldest message of a batch had waited. */
export const laneHistograms = {
  jitter: jitterBoundsMs,
  deviation: jitterBoundsMs,
  stampDeviation: jitterBoundsMs,
  residence: residenceBoundsMs,
  batch: batchBounds,
  delay: delayBoundsMs,
  gcPause: delayBoundsMs,
} as const;
