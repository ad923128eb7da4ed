/** What a reader gets: one frame, or several of one participant in a row, into memory that is used again. Any thread. */
import { bytesPerSample, frameBytesMax } from '../base/limits.ts';
import { frameFlag } from '../memory/layout.ts';

/** A place for one frame; reused for every read. */
export class Frame {
  /** Number of the frame in its ring, from 0, without holes. */
  sequence = 0;
  /** Valid bytes in `pcm`: 640 or 960, less if the frame is partial. */
  pcmBytes = 0;
  flags = 0;
  /** Frames that never came, directly before this one. */
  missingBefore = 0;
  /** ACS's timestamp, ms since the epoch; NaN when there was none. */
  timestampMs = 0;
  /** When the message arrived, ms on the clock of `performance.now()`, which all threads of a process share. */
  arrivalMs = 0;
  /** Where the frame belongs on the participant's timeline, in samples since its first frame; gaps included. */
  positionSamples = 0;
  /** 16-bit little-endian PCM, mono. */
  readonly pcm: Buffer = Buffer.alloc(frameBytesMax);
  /** The same as samples; the first `sampleCount` of them are valid. */
  readonly samples: Int16Array = new Int16Array(this.pcm.buffer, this.pcm.byteOffset, frameBytesMax / bytesPerSample);
  /** The same in words, for copying. */
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
  /** ACS flagged it as silence. Its samples are what came with it, or zeros. */
  get silent(): boolean {
    return (this.flags & frameFlag.silent) !== 0;
  }
  /** A frame with this timestamp came before. */
  get duplicate(): boolean {
    return (this.flags & frameFlag.duplicate) !== 0;
  }
  /** Came after a frame with a later timestamp. */
  get late(): boolean {
    return (this.flags & frameFlag.late) !== 0;
  }
  /** A pause was before it: the participant was not among the dominant speakers, or ACS's clock was set. */
  get resumed(): boolean {
    return (this.flags & frameFlag.resumed) !== 0;
  }

  /** Writes the samples as numbers from -1 to 1, from `at` on. Returns how many. */
  toFloat32(target: Float32Array, at = 0): number {
    return toFloat32(this.samples, this.sampleCount, target, at);
  }
}

/** Frames of one participant in a row, their samples side by side. Made once, filled again and again. */
export class FrameBatch {
  readonly framesMax: number;
  /** Frames in it. */
  frameCount = 0;
  /** Valid samples in `samples`. */
  sampleCount = 0;
  readonly samples: Int16Array;
  /** The same in words, for copying. */
  private readonly words: Int32Array;
  /** Of each frame, by its place in the batch. */
  readonly sequences: Float64Array;
  readonly timestampsMs: Float64Array;
  readonly arrivalsMs: Float64Array;
  readonly positionsSamples: Float64Array;
  readonly missingBefore: Int32Array;
  /** Bits: 1 silent, 2 partial, 4 duplicate, 8 late, 16 resumed. */
  readonly flags: Int32Array;
  /** Where the samples of frame i begin, and at i + 1 where they end. */
  readonly offsets: Int32Array;

  /** @param framesMax how many it holds; 50 are a second */
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

  get isFull(): boolean {
    return this.frameCount === this.framesMax;
  }

  clear(): void {
    this.frameCount = 0;
    this.sampleCount = 0;
    this.offsets[0] = 0;
  }

  /** Copies a frame behind the others. It must not be full. */
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

  /** As the getters of a `Frame`, of frame i. */
  isSilent(i: number): boolean {
    return (this.flags[i]! & frameFlag.silent) !== 0;
  }
  isDuplicate(i: number): boolean {
    return (this.flags[i]! & frameFlag.duplicate) !== 0;
  }
  isLate(i: number): boolean {
    return (this.flags[i]! & frameFlag.late) !== 0;
  }
  isResumed(i: number): boolean {
    return (this.flags[i]! & frameFlag.resumed) !== 0;
  }

  /** Writes all samples as numbers from -1 to 1, from `at` on. Returns how many. */
  toFloat32(target: Float32Array, at = 0): number {
    return toFloat32(this.samples, this.sampleCount, target, at);
  }
}

function toFloat32(samples: Int16Array, count: number, target: Float32Array, at: number): number {
  for (let i = 0; i < count; i++) target[at + i] = samples[i]! / 32_768;
  return count;
}
