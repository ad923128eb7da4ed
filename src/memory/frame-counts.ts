/**
 * What every audio message adds to: the counters and histograms of its lane and of its stream. All of it is noted before any
 * of it is changed (`UndoNote`). In one piece and by constant places, because it is done for every frame. Worker thread.
 */
import { jitterBoundsMs, residenceBoundsMs } from './histogram.ts';
import { lane, note, streamSlot } from './layout.ts';
import type { SharedMemory } from './shared-memory.ts';
import type { StreamSlot } from './stream-slot.ts';

/** In place of a stamp's deviation: it is as good as on its grid, and took no closer look. */
export const onGrid = -1;

const state = (lane.note + note.state) / 4;
const buckets = (lane.note + note.buckets) / 4;
const histograms = (lane.note + note.histograms) / 8;
const laneCounts = (lane.note + note.laneCounts) / 8;
const streamCounts = (lane.note + note.streamCounts) / 8;
const jitter = lane.jitter / 8;
const deviation = lane.deviation / 8;
const stampDeviation = lane.stampDeviation / 8;
const closeLooks = lane.closeLooks / 8;
const residence = lane.residence / 8;
/** The sums stand behind the buckets. */
const jitterSum = jitter + jitterBoundsMs.length + 1;
const deviationSum = deviation + jitterBoundsMs.length + 1;
const stampDeviationSum = stampDeviation + jitterBoundsMs.length + 1;
const residenceSum = residence + residenceBoundsMs.length + 1;
const committed = lane.committed / 8;
const frameCount = lane.frames / 8;
const silentFrameCount = lane.silentFrames / 8;
const pcmByteCount = lane.pcmBytes / 8;
const lastAudioMs = streamSlot.lastAudioMs / 8;
const streamCommitted = streamSlot.committed / 8;
/** No deviation was observed. */
const noBucket = 255;

/** As `Histogram.observe`, for these bounds only: V8 compiles it for arrays of doubles, not of integers as well. */
function bucketOf(bounds: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}

/** Of a timestamp that took a closer look; without a deviation it stands for any bucket, which does not change. */
function stampBucket(deviationMs: number): number {
  return deviationMs >= 0 ? bucketOf(jitterBoundsMs, deviationMs) : 0;
}

export class FrameCounts {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly streams: Float64Array;
  private readonly bit: number;

  /** @param bit the part of the lane's undo note that holds as soon as everything is noted */
  constructor({ lanes, streams }: SharedMemory, laneIndex: number, bit: number) {
    this.bit = bit;
    this.i32 = lanes[laneIndex]!.i32;
    this.f64 = lanes[laneIndex]!.f64;
    this.streams = streams.f64;
  }

  /**
   * Counts a message of so many frames, which is about to be published.
   * @param deviationMs NaN when there was nothing to compare with; so is `stampDeviationMs`, which may be `onGrid`, too
   */
  add(
    stream: StreamSlot,
    arrivalMs: number,
    frames: number,
    silentFrames: number,
    pcmBytes: number,
    jitterMs: number,
    deviationMs: number,
    stampDeviationMs: number,
    residenceMs: number,
  ): void {
    const { i32, f64, streams, bit } = this;
    const slot = stream.double;
    const inJitter = bucketOf(jitterBoundsMs, jitterMs);
    const inDeviation = deviationMs >= 0 ? bucketOf(jitterBoundsMs, deviationMs) : noBucket;
    const inStamps = stampDeviationMs === onGrid ? noBucket : stampBucket(stampDeviationMs);
    const inResidence = bucketOf(residenceBoundsMs, residenceMs);

    i32[buckets] = inJitter | (inDeviation << 8) | (inResidence << 16) | (inStamps << 24);
    const jitterBefore = f64[jitter + inJitter]!;
    f64[histograms] = jitterBefore;
    const jitterSumBefore = f64[jitterSum]!;
    f64[histograms + 1] = jitterSumBefore;
    const residenceBefore = f64[residence + inResidence]!;
    f64[histograms + 2] = residenceBefore;
    const residenceSumBefore = f64[residenceSum]!;
    f64[histograms + 3] = residenceSumBefore;
    const committedBefore = f64[committed]!;
    f64[laneCounts] = committedBefore;
    const framesBefore = f64[frameCount]!;
    f64[laneCounts + 1] = framesBefore;
    const silentBefore = f64[silentFrameCount]!;
    f64[laneCounts + 2] = silentBefore;
    const bytesBefore = f64[pcmByteCount]!;
    f64[laneCounts + 3] = bytesBefore;
    f64[streamCounts] = streams[slot + lastAudioMs]!;
    const ofStreamBefore = streams[slot + streamCommitted]!;
    f64[streamCounts + 1] = ofStreamBefore;
    if (inDeviation !== noBucket) {
      f64[histograms + 4] = f64[deviation + inDeviation]!;
      f64[histograms + 5] = f64[deviationSum]!;
    }
    if (inStamps !== noBucket) {
      f64[histograms + 8] = f64[closeLooks]!;
      f64[histograms + 6] = f64[stampDeviation + inStamps]!;
      f64[histograms + 7] = f64[stampDeviationSum]!;
    }
    i32[state] = i32[state]! | bit;

    f64[jitter + inJitter] = jitterBefore + 1;
    f64[jitterSum] = jitterSumBefore + jitterMs;
    f64[residence + inResidence] = residenceBefore + 1;
    f64[residenceSum] = residenceSumBefore + residenceMs;
    if (inDeviation !== noBucket) {
      f64[deviation + inDeviation]! += 1;
      f64[deviationSum]! += deviationMs;
    }
    if (inStamps !== noBucket) {
      f64[closeLooks]! += 1;
      if (stampDeviationMs >= 0) {
        f64[stampDeviation + inStamps]! += 1;
        f64[stampDeviationSum]! += stampDeviationMs;
      }
    }
    f64[committed] = committedBefore + 1;
    f64[frameCount] = framesBefore + frames;
    if (silentFrames > 0) f64[silentFrameCount] = silentBefore + silentFrames;
    f64[pcmByteCount] = bytesBefore + pcmBytes;
    streams[slot + lastAudioMs] = arrivalMs;
    streams[slot + streamCommitted] = ofStreamBefore + 1;
  }

  /** Puts back what `add` noted. */
  takeBack({ double: slot }: StreamSlot): void {
    const { f64, streams } = this;
    const noted = this.i32[buckets]!;
    const inDeviation = (noted >> 8) & 255;
    const inStamps = noted >>> 24;
    f64[jitter + (noted & 255)] = f64[histograms]!;
    f64[jitterSum] = f64[histograms + 1]!;
    f64[residence + ((noted >> 16) & 255)] = f64[histograms + 2]!;
    f64[residenceSum] = f64[histograms + 3]!;
    if (inDeviation !== noBucket) {
      f64[deviation + inDeviation] = f64[histograms + 4]!;
      f64[deviationSum] = f64[histograms + 5]!;
    }
    if (inStamps !== noBucket) {
      f64[closeLooks] = f64[histograms + 8]!;
      f64[stampDeviation + inStamps] = f64[histograms + 6]!;
      f64[stampDeviationSum] = f64[histograms + 7]!;
    }
    f64[committed] = f64[laneCounts]!;
    f64[frameCount] = f64[laneCounts + 1]!;
    f64[silentFrameCount] = f64[laneCounts + 2]!;
    f64[pcmByteCount] = f64[laneCounts + 3]!;
    streams[slot + lastAudioMs] = f64[streamCounts]!;
    streams[slot + streamCommitted] = f64[streamCounts + 1]!;
  }
}
