/** From the samples of an utterance, of whatever kind and rate, to those of its stream's queue. Writer thread. */
import { bytesPerSample, frameBytesMax } from '../base/limits.ts';
import type { Queue } from '../memory/playback-queue.ts';
import type { QueueWriter } from './queue-writer.ts';
import { Resampler } from './resampler.ts';

/** Samples that are converted at a time. */
const chunkSamples = 480;
/** More than a resampler makes of a chunk: 8 to 24 kHz, and what it still has. */
const outputSamples = 4 * chunkSamples;
const maximum = 2 ** 15 - 1;

// One for all utterances of a thread: nothing is kept in there between two calls.
const converted = new Int16Array(chunkSamples);
const resampled = new Int16Array(outputSamples);

function toInt16(samples: Float32Array, from: number, count: number): Int16Array {
  for (let i = 0; i < count; i++) {
    const value = samples[from + i]! * (maximum + 1);
    // What is no number becomes 0.
    converted[i] = value >= maximum ? maximum : value <= -maximum - 1 ? -maximum - 1 : Math.round(value);
  }
  return count === chunkSamples ? converted : converted.subarray(0, count);
}

export class SampleFeed {
  private readonly queue: Queue;
  private readonly writer: QueueWriter;
  /** Of the samples that come; undefined: the stream's. */
  private readonly sampleRate: number | undefined;
  /** Null while the stream's rate is not known, or is the same. */
  private resampler: Resampler | null = null;

  constructor(queue: Queue, writer: QueueWriter, sampleRate: number | undefined) {
    this.queue = queue;
    this.writer = writer;
    this.sampleRate = sampleRate;
  }

  /** Whether a write would take something. */
  get hasRoom(): boolean {
    const { sampleRate } = this.queue;
    const isSame = this.sampleRate === undefined || this.sampleRate === sampleRate;
    if (sampleRate === 0 || !this.writer.hasMemory) return false;
    return this.writer.room >= (isSame ? frameBytesMax / bytesPerSample : outputSamples);
  }

  /** Returns how many samples were taken. */
  write(samples: Int16Array | Float32Array): number {
    const streamRate = this.queue.sampleRate;
    if (streamRate === 0) return 0;
    if ((this.sampleRate ?? streamRate) !== streamRate) this.resampler ??= new Resampler(this.sampleRate!, streamRate);
    const { writer } = this;
    if (this.resampler === null && samples instanceof Int16Array) {
      return writer.append(samples, Math.min(samples.length, writer.room));
    }
    let taken = 0;
    while (taken < samples.length) {
      const count = Math.min(chunkSamples, samples.length - taken);
      const chunk =
        samples instanceof Int16Array ? samples.subarray(taken, taken + count) : toInt16(samples, taken, count);
      const done = this.resampler === null ? writer.append(chunk, Math.min(count, writer.room)) : this.resample(chunk);
      taken += done;
      if (done < count) break;
    }
    return taken;
  }

  /** What the resampler still has, and the rest of the last frame. */
  end(): void {
    const count = this.resampler?.flush(resampled) ?? 0;
    if (count > 0) this.writer.append(resampled, Math.min(count, this.writer.room));
    this.writer.pad();
  }

  /** All of the chunk or nothing: what a resampler has taken cannot be given back. */
  private resample(chunk: Int16Array): number {
    const resampler = this.resampler!;
    if (resampler.outputMax(chunk.length) > this.writer.room || !this.writer.hasMemory) return 0;
    const count = resampler.push(chunk, resampled);
    // Memory that others have taken in this very moment costs the rest of the chunk.
    if (this.writer.append(resampled, count) < count) this.queue.refused('full');
    return chunk.length;
  }
}
