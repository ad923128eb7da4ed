/**
 * A few numbers that are alike for one voice, whatever it says, and less alike for two: the mean shape of the spectrum (the
 * throat), and how often the voice is how high. Compared by the cosine of their angle. It shows where a model goes; it is
 * none. Pure; any thread.
 */
import { bandCount, LogMel } from './log-mel.ts';
import { Pitch, pitchHz } from './pitch.ts';

/** Steps of pitch, even to the ear. */
const pitchSteps = 24;
const hopMs = 20;

function unit(values: Float64Array): number[] {
  const length = Math.hypot(...values) || 1;
  return Array.from(values, (value) => value / length);
}

/** Gathers windows of speech. */
export class VoiceprintMaker {
  /** Windows in which somebody spoke a vowel: only they count. */
  windows = 0;
  private readonly mel: LogMel;
  private readonly pitch: Pitch;
  private readonly hopSamples: number;
  private readonly bands = new Float64Array(bandCount);
  private readonly spectrum = new Float64Array(bandCount);
  private readonly heights = new Float64Array(pitchSteps);

  constructor(sampleRate: number) {
    this.mel = new LogMel(sampleRate);
    this.pitch = new Pitch(sampleRate, this.mel.windowSamples);
    this.hopSamples = (hopMs * sampleRate) / 1000;
  }

  /** Adds speech without a break in it. Returns how many samples were used up; the others belong before the next. */
  add(samples: Int16Array, count: number): number {
    let at = 0;
    for (; at + this.pitch.spanSamples <= count; at += this.hopSamples) this.addWindow(samples, at);
    return at;
  }

  /** Of all that was added: 50 numbers. */
  voiceprint(): number[] {
    return [...unit(this.spectrum), ...unit(this.heights)];
  }

  private addWindow(samples: Int16Array, at: number): void {
    const hz = this.pitch.of(samples, at);
    if (hz === 0) return;
    this.windows++;
    this.mel.compute(samples, at, this.bands);
    let sum = 0;
    for (let band = 0; band < bandCount; band++) sum += this.bands[band]!;
    // Against the mean of its bands, so that it does not matter how loud somebody is.
    for (let band = 0; band < bandCount; band++) this.spectrum[band]! += this.bands[band]! - sum / bandCount;
    const place = (Math.log2(hz / pitchHz.lowest) / Math.log2(pitchHz.highest / pitchHz.lowest)) * pitchSteps;
    // Into the steps around it, too: a voice that is a little higher is a little like it.
    for (let step = 0; step < pitchSteps; step++) this.heights[step]! += Math.exp(-((step + 0.5 - place) ** 2) / 2);
  }
}

/** 1 for the same direction, 0 for nothing in common, -1 for opposites. */
export function similarity(a: readonly number[], b: readonly number[]): number {
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squaresA += a[i]! ** 2;
    squaresB += b[i]! ** 2;
  }
  return product / Math.sqrt(squaresA * squaresB);
}
