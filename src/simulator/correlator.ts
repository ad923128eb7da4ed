/**
 * Finds known bursts in audio by normalised cross-correlation, whatever their loudness, at 4 kHz: after a resampler's phase and filter
 * they are still themselves there. Pure; any thread. Invariants: what is kept is 200 ms of audio; a position is looked at when
 * everything around it has come, so what is found is a peak; nothing is found across a gap.
 */
import { GatewayError } from '../base/errors.ts';

const correlationRate = 4000;
/** Different bursts reach 0.4, the same one through a resampler 0.95. */
const sameMin = 0.6;
/** Every second position is tried: beside the peak it is still that. */
const tryMin = 0.4;
const strideSamples = 2;
/** The peak is not further from a position that was tried, and that good. */
const peakSamples = 8;
/** Quieter than -60 dB of full scale nothing is looked for. */
const quietRms = 33;

export class Template {
  readonly samples: Float64Array;
  readonly norm: number;

  constructor(samples: Int16Array, sampleRate: number) {
    const decimator = new Decimator(sampleRate);
    this.samples = new Float64Array(Math.floor(samples.length / decimator.factor));
    let count = 0;
    for (const sample of samples) {
      if (!decimator.push(sample)) continue;
      this.samples[count++] = decimator.value;
    }
    let energy = 0;
    for (const sample of this.samples) energy += sample * sample;
    this.norm = Math.sqrt(energy);
  }
}

/** Sums of so many samples: integers, so running sums of their squares are exact. */
class Decimator {
  readonly factor: number;
  value = 0;
  private sum = 0;
  private count = 0;

  constructor(sampleRate: number) {
    this.factor = sampleRate / correlationRate;
    if (!Number.isInteger(this.factor)) throw new GatewayError('bad_settings', `no correlation at ${sampleRate} Hz`);
  }

  /** Returns whether there is a new value. */
  push(sample: number): boolean {
    this.sum += sample;
    if (++this.count < this.factor) return false;
    this.value = this.sum;
    this.clear();
    return true;
  }

  clear(): void {
    this.sum = 0;
    this.count = 0;
  }
}

export class Correlator {
  private readonly decimator: Decimator;
  private readonly length: number;
  private readonly ring: Float64Array;
  /** Values since the audio began, or began anew after a gap, and the sample at which it did. */
  private count = 0;
  private originSample = 0;
  private energy = 0;
  /** The end of the window that is tried next. */
  private next = 0;
  private nextSample = 0;

  /** `length`: of the templates, in values. */
  constructor(sampleRate: number, length: number) {
    this.decimator = new Decimator(sampleRate);
    this.length = length;
    this.ring = new Float64Array(2 ** Math.ceil(Math.log2(length + 2 * peakSamples + strideSamples + 1)));
  }

  /** What comes next has no connection with what came before. */
  restart(atSample: number): void {
    this.count = 0;
    this.energy = 0;
    this.next = this.length;
    this.originSample = atSample;
    this.nextSample = atSample;
    this.decimator.clear();
  }

  /**
   * Takes 16-bit little-endian samples that stand at this sample of the call. `wanted` are looked for; `found` is told of one, and at
   * which sample it begins, and returns those that are wanted from then on.
   */
  push(
    atSample: number,
    pcm: Uint8Array,
    byteCount: number,
    wanted: readonly Template[],
    found: (template: Template, atSample: number) => readonly Template[],
  ): void {
    if (atSample !== this.nextSample || this.next === 0) this.restart(atSample);
    this.nextSample += byteCount >> 1;
    let templates = wanted;
    for (let i = 0; i + 1 < byteCount; i += 2) {
      if (!this.decimator.push(((pcm[i]! | (pcm[i + 1]! << 8)) << 16) >> 16)) continue;
      this.add(this.decimator.value);
      if (this.count < this.next + peakSamples) continue;
      const end = this.next;
      this.next += strideSamples;
      if (templates.length === 0 || this.isQuiet) continue;
      for (const template of templates) {
        if (this.likeness(template, end) < tryMin) continue;
        const at = this.peak(template, end);
        if (at < 0) continue;
        // The next one begins behind it.
        this.next = at + this.length;
        templates = found(template, this.originSample + (at - this.length) * this.decimator.factor);
        break;
      }
    }
  }

  private get isQuiet(): boolean {
    const quiet = quietRms * this.decimator.factor;
    return this.energy < quiet * quiet * this.length;
  }

  /** The energy is that of the newest `length` values: close enough to the window's to know silence. */
  private add(value: number): void {
    const mask = this.ring.length - 1;
    if (this.count >= this.length) {
      const oldest = this.ring[(this.count - this.length) & mask]!;
      this.energy -= oldest * oldest;
    }
    this.ring[this.count & mask] = value;
    this.energy += value * value;
    this.count++;
  }

  /** From -1 to 1. */
  private likeness({ samples, norm }: Template, end: number): number {
    const { ring, length } = this;
    const mask = ring.length - 1;
    let product = 0;
    let energy = 0;
    for (let i = 0; i < length; i++) {
      const value = ring[(end - length + i) & mask]!;
      product += value * samples[i]!;
      energy += value * value;
    }
    return energy === 0 ? 0 : product / (Math.sqrt(energy) * norm);
  }

  /** The end of the window that is most like the template, near this one; -1: none is like it. */
  private peak(template: Template, end: number): number {
    let best = sameMin;
    let at = -1;
    for (let each = Math.max(this.length, end - peakSamples); each <= end + peakSamples; each++) {
      const likeness = this.likeness(template, each);
      if (likeness < best) continue;
      best = likeness;
      at = each;
    }
    return at;
  }
}
