/**
 * Speech-like audio: not words, but what a codec, a voice detector or an ear takes for a voice. A glottal pulse train with
 * moving pitch and bursts of noise run through formant resonators, in the rhythm of syllables, phrases and pauses. Pure;
 * any thread. Invariant: the same samples on every machine: only + - * / on doubles (exact by IEEE 754) and integers;
 * Math.sin and its like may differ between engines, so the few values needed are summed here.
 */
import { deriveKey, purposes, RandomSequence } from './random.ts';
import { composeVoice, type NoiseSound, type Sound, type VoicedSound } from './score.ts';

/** Root mean square of the finished voice, as a share of full scale: -20 dBFS. */
const targetRms = 0.1;
/** Above this share of full scale peaks are bent, so that they never reach it. */
const kneeLevel = 0.6;
const fullScale = 32_767;
/** The floor of noise under everything: no frame of a voice is pure zeros, and no two are equal. */
const noiseFloor = 6;

function exponential(x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 20; n++) {
    term = (term * x) / n;
    sum += term;
  }
  return sum;
}

function cosine(x: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 14; n++) {
    term = (-term * x * x) / ((2 * n - 1) * (2 * n));
    sum += term;
  }
  return sum;
}

/** A two-pole resonator (Klatt 1980) with gain 1 at zero frequency. */
class Resonator {
  private a = 1;
  private b = 0;
  private c = 0;
  private y1 = 0;
  private y2 = 0;

  tune(frequency: number, bandwidth: number, sampleRate: number): void {
    const radius = exponential((-Math.PI * bandwidth) / sampleRate);
    this.c = -radius * radius;
    this.b = 2 * radius * cosine((2 * Math.PI * frequency) / sampleRate);
    this.a = 1 - this.b - this.c;
  }

  next(x: number): number {
    const y = this.a * x + this.b * this.y1 + this.c * this.y2;
    this.y2 = this.y1;
    this.y1 = y;
    return y;
  }
}

/** Derivative of the glottal flow (Klatt and Klatt 1990): rises, falls, closes at once. `phase` in [0, 1). */
function glottalPulse(phase: number): number {
  const openQuotient = 0.6;
  if (phase >= openQuotient) return 0;
  const t = phase / openQuotient;
  return t * (2 - 3 * t);
}

/** From 0 up to 1 and down again over the length of a sound; steeper at the ends than a triangle. */
function envelope(position: number): number {
  const edge = position < 0.5 ? position * 2 : (1 - position) * 2;
  return edge * (2 - edge);
}

function samplesOf(sound: Sound, sampleRate: number): number {
  return Math.round((sound.durationMs * sampleRate) / 1000);
}

class Tract {
  private readonly sampleRate: number;
  private readonly noise: RandomSequence;
  private readonly formants = [new Resonator(), new Resonator(), new Resonator()] as const;
  private readonly hiss = new Resonator();
  private phase = 0;

  constructor(sampleRate: number, noise: RandomSequence) {
    this.sampleRate = sampleRate;
    this.noise = noise;
  }

  /** Writes one sound into `out`, beginning at sample `start`. */
  render(sound: VoicedSound | NoiseSound, out: Float64Array, start: number): void {
    const end = Math.min(samplesOf(sound, this.sampleRate), out.length - start);
    const controlSamples = this.sampleRate / 200;
    for (let i = 0; i < end; i++) {
      const position = i / end;
      if (i % controlSamples === 0) this.tune(sound, position);
      const noise = this.noise.next() * 2 - 1;
      const sample = sound.kind === 'noise' ? this.hiss.next(noise) : this.voiced(sound, position, noise);
      out[start + i] = sample * envelope(position) * sound.level;
    }
  }

  private tune(sound: VoicedSound | NoiseSound, position: number): void {
    if (sound.kind === 'noise') {
      this.hiss.tune(sound.frequency, 1200, this.sampleRate);
      return;
    }
    for (let f = 0; f < 3; f++) {
      const frequency = sound.from[f]! + (sound.to[f]! - sound.from[f]!) * position;
      this.formants[f]!.tune(frequency, 60 + 35 * f, this.sampleRate);
    }
  }

  private voiced(sound: VoicedSound, position: number, noise: number): number {
    const pitch = sound.pitchFrom + (sound.pitchTo - sound.pitchFrom) * position;
    this.phase += pitch / this.sampleRate;
    if (this.phase >= 1) this.phase -= 1;
    let y = glottalPulse(this.phase) + noise * 0.03;
    for (const formant of this.formants) y = formant.next(y);
    return y;
  }
}

/** Scales to the target level, bends peaks below full scale and rounds. */
function finish(samples: Float64Array, floor: RandomSequence): Int16Array {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  const gain = targetRms / Math.sqrt(energy / samples.length);
  const out = new Int16Array(samples.length);
  for (let i = 0; i < out.length; i++) {
    const level = samples[i]! * gain;
    const size = level < 0 ? -level : level;
    const over = size - kneeLevel;
    const bent = over <= 0 ? size : kneeLevel + (0.95 - kneeLevel) * (over / (over + 0.95 - kneeLevel));
    const hiss = floor.between(-noiseFloor, noiseFloor);
    out[i] = Math.round((level < 0 ? -bent : bent) * fullScale + hiss);
  }
  return out;
}

/** `sampleCount` samples of voice number `voice`, made to be played in a loop. */
export function synthesizeVoice(seed: number, voice: number, sampleRate: number, sampleCount: number): Int16Array {
  const key = (part: number) => new RandomSequence(deriveKey(seed, purposes.voice, voice, part));
  const samples = new Float64Array(sampleCount);
  const tract = new Tract(sampleRate, key(1));
  let at = 0;
  for (const sound of composeVoice(key(0), voice, (sampleCount * 1000) / sampleRate)) {
    if (sound.kind !== 'pause') tract.render(sound, samples, at);
    at += samplesOf(sound, sampleRate);
  }
  return finish(samples, key(2));
}
