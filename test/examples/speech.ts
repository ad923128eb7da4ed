/**
 * Speech that nobody said: vowels of a throat and a pitch that are given, syllable after syllable, over noise. Where it is,
 * is known to the sample. Pure.
 */

import { generator } from '../support/seed.ts';

export interface Voice {
  readonly pitchHz: number;
  /** Of the formants: 1 is a large throat, 1.2 a small one. */
  readonly scale: number;
}

const vowels = [
  [270, 2290, 3010],
  [530, 1840, 2480],
  [730, 1090, 2440],
  [570, 840, 2410],
  [300, 870, 2240],
] as const;
const syllableMs = 180;
const dipMs = 40;

function scaled(samples: Float64Array, db: number): Float64Array {
  const rms = Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
  const gain = 10 ** (db / 20) / rms;
  return samples.map((sample) => sample * gain);
}

/** Syllables without a pause, from the first sample to the last. `words`: the seed of what is said. */
export function speech(voice: Voice, words: number, sampleRate: number, ms: number, db = -20): Float64Array {
  const next = generator(words);
  const samples = new Float64Array((ms * sampleRate) / 1000);
  const perSyllable = (syllableMs * sampleRate) / 1000;
  let phase = 0;
  for (let start = 0; start < samples.length; start += perSyllable) {
    const formants = vowels[Math.floor(next() * vowels.length)]!;
    const pitch = voice.pitchHz * (0.94 + 0.12 * next());
    const harmonics = Array.from({ length: Math.floor(4_000 / pitch) }, (_, i) => {
      const hz = (i + 1) * pitch;
      return formants.reduce((sum, formant) => sum + 1 / (1 + ((hz - formant * voice.scale) / 90) ** 2), 0) / (i + 1);
    });
    const end = Math.min(samples.length, start + perSyllable);
    for (let i = start; i < end; i++) {
      phase += (2 * Math.PI * pitch) / sampleRate;
      const fromEdgeMs = (Math.min(i - start, end - i) * 1000) / sampleRate;
      const isDip = fromEdgeMs < dipMs / 2 && i - start > 0 && end < samples.length && i > perSyllable;
      let sample = 0;
      for (let h = 0; h < harmonics.length; h++) sample += harmonics[h]! * Math.sin((h + 1) * phase);
      samples[i] = sample * (isDip ? 0.1 : 1);
    }
  }
  return scaled(samples, db);
}

/** Noise with speech in it: `spans` from and to which ms, in order. */
export function scene(
  options: { readonly sampleRate: number; readonly ms: number; readonly noiseDb: number; readonly speechDb: number },
  spans: readonly (readonly [number, number])[],
  voice: Voice = { pitchHz: 120, scale: 1 },
): Int16Array {
  const { sampleRate, ms, noiseDb, speechDb } = options;
  const next = generator(99);
  const noise = Float64Array.from({ length: (ms * sampleRate) / 1000 }, () => next() * 2 - 1);
  const sum = scaled(noise, noiseDb);
  spans.forEach(([from, to], index) => {
    const at = (from * sampleRate) / 1000;
    for (const [i, sample] of speech(voice, index + 1, sampleRate, to - from, speechDb).entries())
      sum[at + i]! += sample;
  });
  return toPcm(sum);
}

export function toPcm(samples: Float64Array): Int16Array {
  return Int16Array.from(samples, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_767))));
}
