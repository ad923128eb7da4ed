/** What a reader fills: one frame, or several consecutive ones of a participant, in memory that is reused. Any thread. */
import { bytesPerSample, frameBytesMax } from '../base/limits.ts';
import { frameFlag } from '../memory/states.ts';

/** A place for one frame of 20 ms; reused for every read. */
export class Frame {
  /** Number of the frame in its ring, from 0, without holes. */
  sequence = 0;
  /** Valid bytes in `pcm`: 640 or 960, less if the frame is partial. */
  pcmBytes = 0;
  /** Bits of `frameFlag`; the getters below name them. */
  flags = 0;
  /** Frames that never arrived, directly before this one. */
  missingBefore = 0;
  /** ACS's timestamp, ms since 1970 UTC, fractions included; NaN when there was none. */
  timestampMs = 0;
  /** When the message arrived, ms on the clock of `performance.now()`, the same in all threads of the process. */
  arrivalMs = 0;
  /** Where the frame belongs on the participant's timeline, in samples since its first frame; gaps included. */
  positionSamples = 0;
  /** 16-bit little-endian PCM, mono; the first `pcmBytes` are valid. */
  readonly pcm: Buffer = Buffer.alloc(frameBytesMax);
  /** The same as samples; the first `sampleCount` of them are valid. */
  readonly samples: Int16Array = new Int16Array(this.pcm.buffer, this.pcm.byteOffset, frameBytesMax / bytesPerSample);
  /** The same memory as 32-bit words, for copying. */
  readonly words: Int32Array = new Int32Array(this.pcm.buffer, this.pcm.byteOffset, frameBytesMax / 4);

  /** The valid part of `words`. The same view as long as frames are as long as the last one: nearly all are. */
  get validWords(): Int32Array {
    const count = (this.pcmBytes + 3) >> 2;
    if (this.wordsView.length !== count) this.wordsView = this.words.subarray(0, count);
    return this.wordsView;
  }
  private wordsView: Int32Array = this.words;

  /** 320 at 16 kHz, 480 at 24 kHz, less if the frame is partial. */
  get sampleCount(): number {
    return this.pcmBytes / bytesPerSample;
  }
  /** Shorter than 20 ms: the end of a packet that is no multiple of 20 ms. */
  get partial(): boolean {
    return (this.flags & frameFlag.partial) !== 0;
  }
  /** ACS flagged it as silence. Its samples are those that came with it, or zeros. */
  get silent(): boolean {
    return (this.flags & frameFlag.silent) !== 0;
  }
  /** A frame with this timestamp and this audio came before. */
  get duplicate(): boolean {
    return (this.flags & frameFlag.duplicate) !== 0;
  }
  /** It arrived after a frame with a later timestamp. */
  get late(): boolean {
    return (this.flags & frameFlag.late) !== 0;
  }
  /** A pause that is no loss was before it: the participant was not dominant or on hold, or ACS's clock was set. */
  get resumed(): boolean {
    return (this.flags & frameFlag.resumed) !== 0;
  }

  /** Writes the samples as numbers from -1 to 1 into `target`, from index `at`. Returns how many. */
  toFloat32(target: Float32Array, at = 0): number {
    return toFloat32(this.samples, this.sampleCount, target, at);
  }

  /** The same frame in memory of its own: to keep what `read` would overwrite. */
  copy(): Frame {
    const copy = new Frame();
    copy.sequence = this.sequence;
    copy.pcmBytes = this.pcmBytes;
    copy.flags = this.flags;
    copy.missingBefore = this.missingBefore;
    copy.timestampMs = this.timestampMs;
    copy.arrivalMs = this.arrivalMs;
    copy.positionSamples = this.positionSamples;
    copy.words.set(this.validWords);
    return copy;
  }
}

/** Consecutive frames of one participant, their samples side by side. Made once, filled again and again. */
export class FrameBatch {
  /** How many frames it holds at most. */
  readonly framesMax: number;
  /** How many frames it holds now. */
  frameCount = 0;
  /** Valid samples in `samples`. */
  sampleCount = 0;
  /** 16-bit PCM, mono; frame i is from `offsets[i]` to before `offsets[i + 1]`. */
  readonly samples: Int16Array;
  /** The same in words, for copying. */
  private readonly words: Int32Array;
  /** `Frame.sequence` of each frame, by its index in the batch; the arrays below are indexed alike. */
  readonly sequences: Float64Array;
  /** `Frame.timestampMs`. */
  readonly timestampsMs: Float64Array;
  /** `Frame.arrivalMs`. */
  readonly arrivalsMs: Float64Array;
  /** `Frame.positionSamples`. */
  readonly positionsSamples: Float64Array;
  /** `Frame.missingBefore`. */
  readonly missingBefore: Int32Array;
  /** `Frame.flags`: bits of `frameFlag`. */
  readonly flags: Int32Array;
  /** Index in `samples` where frame i begins; one more entry than frames. */
  readonly offsets: Int32Array;

  /** @param framesMax how many frames it holds; 50 are a second */
  constructor(framesMax: number) {
    this.framesMax = framesMax;
    this.samples = new Int16Array((framesMax * frameBytesMax) / bytesPerSample);
    this.words = new Int32Array(this.samples.buffer);
    this.sequences = new Float64Array(framesMax);
    this.timestampsMs = new Float64Array(framesMax);
    this.arrivalsMs = new Float64Array(framesMax);
    this.positionsSamples = new Float64Array(framesMax);
    this.missingBefore = new Int32Array(framesMax);
    this.flags = new Int32Array(framesMax);
    this.offsets = new Int32Array(framesMax + 1);
  }

  /** No further frame fits. */
  get isFull(): boolean {
    return this.frameCount === this.framesMax;
  }

  /** Empties it; nothing is overwritten. */
  clear(): void {
    this.frameCount = 0;
    this.sampleCount = 0;
    this.offsets[0] = 0;
  }

  /** Copies a frame behind the others. The batch must not be full. */
  add(frame: Frame): void {
    const i = this.frameCount++;
    this.sequences[i] = frame.sequence;
    this.timestampsMs[i] = frame.timestampMs;
    this.arrivalsMs[i] = frame.arrivalMs;
    this.positionsSamples[i] = frame.positionSamples;
    this.missingBefore[i] = frame.missingBefore;
    this.flags[i] = frame.flags;
    const { sampleCount, samples } = frame;
    // Two at a time, unless an odd partial frame stands before.
    if (this.sampleCount % 2 === 0) this.words.set(frame.validWords, this.sampleCount / 2);
    else for (let k = 0; k < sampleCount; k++) this.samples[this.sampleCount + k] = samples[k]!;
    this.sampleCount += sampleCount;
    this.offsets[i + 1] = this.sampleCount;
  }

  /** `Frame.partial` of frame i. */
  isPartial(i: number): boolean {
    return (this.flags[i]! & frameFlag.partial) !== 0;
  }
  /** `Frame.silent` of frame i. */
  isSilent(i: number): boolean {
    return (this.flags[i]! & frameFlag.silent) !== 0;
  }
  /** `Frame.duplicate` of frame i. */
  isDuplicate(i: number): boolean {
    return (this.flags[i]! & frameFlag.duplicate) !== 0;
  }
  /** `Frame.late` of frame i. */
  isLate(i: number): boolean {
    return (this.flags[i]! & frameFlag.late) !== 0;
  }
  /** `Frame.resumed` of frame i. */
  isResumed(i: number): boolean {
    return (this.flags[i]! & frameFlag.resumed) !== 0;
  }

  /** Writes all samples as numbers from -1 to 1 into `target`, from index `at`. Returns how many. */
  toFloat32(target: Float32Array, at = 0): number {
    return toFloat32(this.samples, this.sampleCount, target, at);
  }
}

function toFloat32(samples: Int16Array, count: number, target: Float32Array, at: number): number {
  for (let i = 0; i < count; i++) target[at + i] = samples[i]! / 32_768;
  return count;
}
