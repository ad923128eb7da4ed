/**
 * How high a voice is: the shortest time after which the sound nearly repeats itself (autocorrelation). Nothing is allocated
 * per window. Pure; any thread.
 */

export const pitchHz = { lowest: 70, highest: 400 } as const;
/** Below this likeness it does not repeat itself: a consonant, a noise. */
const likenessMin = 0.5;
/** A peak nearly as high as the highest, at half the time, is the real one. */
const nearlyAsHigh = 0.85;
/** Pitch is low: looking at every 8,000th of a second is enough. */
const lookHz = 8_000;

export class Pitch {
  /** Samples that are looked at from the beginning of a window on. */
  readonly spanSamples: number;
  private readonly sampleRate: number;
  private readonly windowSamples: number;
  private readonly shortest: number;
  private readonly stride: number;
  /** By the time in samples, from `shortest` on. */
  private readonly likeness: Float64Array;

  constructor(sampleRate: number, windowSamples: number) {
    this.sampleRate = sampleRate;
    this.windowSamples = windowSamples;
    this.shortest = Math.floor(sampleRate / pitchHz.highest);
    const longest = Math.ceil(sampleRate / pitchHz.lowest);
    this.likeness = new Float64Array(longest - this.shortest + 1);
    this.stride = Math.round(sampleRate / lookHz);
    this.spanSamples = windowSamples + longest;
  }

  /** In Hz; 0 if there is none. */
  of(samples: Int16Array, at: number): number {
    const { likeness, shortest } = this;
    let best = 0;
    for (let i = 0; i < likeness.length; i++) {
      likeness[i] = this.likenessAfter(samples, at, shortest + i);
      if (likeness[i]! > likeness[best]!) best = i;
    }
    if (likeness[best]! < likenessMin) return 0;
    for (let i = 1; i < best; i++) {
      const isPeak = likeness[i]! > likeness[i - 1]! && likeness[i]! >= likeness[i + 1]!;
      if (isPeak && likeness[i]! > nearlyAsHigh * likeness[best]!) best = i;
    }
    return this.sampleRate / (shortest + best);
  }

  /** How like itself the sound is so many samples later: 1 is the same, 0 has nothing to do with it. */
  private likenessAfter(samples: Int16Array, at: number, lag: number): number {
    let [product, energy, energyLater] = [0, 1, 1];
    for (let i = at; i < at + this.windowSamples; i += this.stride) {
      const sample = samples[i]!;
      const later = samples[i + lag]!;
      product += sample * later;
      energy += sample * sample;
      energyLater += later * later;
    }
    return product / Math.sqrt(energy * energyLater);
  }
}
