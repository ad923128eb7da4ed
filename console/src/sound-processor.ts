/**
 * The jitter buffer, in the thread of the sound: samples come from the page in messages and go to the loudspeaker at its rate. It keeps as
 * much in hand as arrivals were late lately, within limits; a little too much or too little is made up for by playing some per mille
 * faster or slower, which is not heard. It overwrites the oldest when the page sends more than there is room for.
 */
import type { FromProcessor, ToProcessor } from './sound-messages.ts';

declare const sampleRate: number;
declare const currentTime: number;
declare abstract class AudioWorkletProcessor {
  readonly port: MessagePort;
  abstract process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean;
}
declare function registerProcessor(
  name: string,
  processor: new (options: { processorOptions: { sourceRate: number } }) => AudioWorkletProcessor,
): void;

const targetMsMin = 100;
const targetMsMax = 300;
const targetMsFirst = 120;
/** One late arrival adds so much; without any it shrinks by so much a second. */
const targetMsStep = 30;
const targetMsDecayPerSecond = 2;
/** So far beyond the target is made up for at once, by a leap. */
const excessMsMax = 250;
/** How much faster or slower than it is. */
const bendMax = 0.01;
const bufferSeconds = 4;
const reportSeconds = 0.1;

class SoundProcessor extends AudioWorkletProcessor {
  private readonly sourceRate: number;
  private readonly samples: Float32Array;
  /** Samples written and read since the beginning; reading goes between samples. */
  private written = 0;
  private read = 0;
  /** What was received when, at the gateway: of the newest message. */
  private newestStampMs = 0;
  private newestAt = 0;
  private targetMs = targetMsFirst;
  private isPlaying = false;
  private ranDry = false;
  private reportedAt = 0;

  constructor({ processorOptions }: { processorOptions: { sourceRate: number } }) {
    super();
    this.sourceRate = processorOptions.sourceRate;
    this.samples = new Float32Array(2 ** Math.ceil(Math.log2(this.sourceRate * bufferSeconds)));
    this.port.onmessage = ({ data }: MessageEvent<ToProcessor>) => this.take(data);
  }

  private get bufferedMs(): number {
    return ((this.written - this.read) / this.sourceRate) * 1000;
  }

  private take({ stampMs, samples, isContinuous }: ToProcessor): void {
    // It should have been here before the last sample was played: whoever sent it paused for no time.
    if (this.ranDry && isContinuous) this.targetMs = Math.min(targetMsMax, this.targetMs + targetMsStep);
    this.ranDry = false;
    const mask = this.samples.length - 1;
    for (let i = 0; i < samples.length; i++) this.samples[(this.written + i) & mask] = samples[i]! / 32768;
    this.newestStampMs = stampMs;
    this.newestAt = this.written;
    this.written += samples.length;
    this.read = Math.max(this.read, this.written - this.samples.length);
    if (this.bufferedMs > this.targetMs + excessMsMax) this.read = this.written - this.samplesOf(this.targetMs);
  }

  private samplesOf(ms: number): number {
    return Math.round((ms / 1000) * this.sourceRate);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]![0]!;
    const seconds = output.length / sampleRate;
    this.targetMs = Math.max(targetMsMin, this.targetMs - targetMsDecayPerSecond * seconds);
    if (!this.isPlaying && this.bufferedMs >= this.targetMs) this.isPlaying = true;
    if (this.isPlaying) this.play(output);
    if (currentTime - this.reportedAt >= reportSeconds) this.report();
    return true;
  }

  private play(output: Float32Array): void {
    const mask = this.samples.length - 1;
    const bend = Math.max(-bendMax, Math.min(bendMax, (this.bufferedMs - this.targetMs) / 5000));
    const step = (this.sourceRate / sampleRate) * (1 + bend);
    for (let i = 0; i < output.length; i++) {
      const at = Math.floor(this.read);
      if (at + 3 > this.written) {
        // Nothing left: the rest is silence, until there is enough in hand again.
        this.isPlaying = false;
        this.ranDry = true;
        return;
      }
      const part = this.read - at;
      const before = this.samples[(at - 1) & mask]!;
      const first = this.samples[at & mask]!;
      const second = this.samples[(at + 1) & mask]!;
      const after = this.samples[(at + 2) & mask]!;
      // Catmull-Rom through four samples.
      const slope = (second - before) / 2;
      const slopeAfter = (after - first) / 2;
      const square = slope * 2 + slopeAfter;
      const difference = second - first;
      output[i] =
        first + part * (slope + part * (3 * difference - square + part * (slope + slopeAfter - 2 * difference)));
      this.read += step;
    }
  }

  private report(): void {
    this.reportedAt = currentTime;
    // Of the sample that is played now, as far as it is newer than the last hole.
    const playedStampMs = this.newestStampMs - ((this.newestAt - this.read) / this.sourceRate) * 1000;
    const report: FromProcessor = {
      isPlaying: this.isPlaying,
      bufferedMs: this.bufferedMs,
      targetMs: this.targetMs,
      playedStampMs,
    };
    this.port.postMessage(report);
  }
}

registerProcessor('sound', SoundProcessor);
