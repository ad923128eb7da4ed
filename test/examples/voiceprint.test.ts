/** The features that voices are compared by: right in themselves, and more alike for one voice than for two. */
import { expect, it } from 'vitest';
import { Fft } from '../../examples/voice-authentication/fft.ts';
import { bandCount, LogMel } from '../../examples/voice-authentication/log-mel.ts';
import { Pitch } from '../../examples/voice-authentication/pitch.ts';
import { similarity, VoiceprintMaker } from '../../examples/voice-authentication/voiceprint.ts';
import { generator } from '../support/seed.ts';
import { speech, toPcm, type Voice } from './speech.ts';

/** What the transform is, straight from its definition. */
function powerByDefinition(samples: Float64Array): number[] {
  return Array.from({ length: samples.length / 2 + 1 }, (_, k) => {
    let [real, imaginary] = [0, 0];
    samples.forEach((sample, n) => {
      real += sample * Math.cos((2 * Math.PI * k * n) / samples.length);
      imaginary -= sample * Math.sin((2 * Math.PI * k * n) / samples.length);
    });
    return real ** 2 + imaginary ** 2;
  });
}

function sine(hz: number, sampleRate: number, count: number): Int16Array {
  return Int16Array.from({ length: count }, (_, i) => 10_000 * Math.sin((2 * Math.PI * hz * i) / sampleRate));
}

it.each([2, 8, 64, 512])('transforms %d samples as the definition says', (size) => {
  const next = generator(size);
  const fft = new Fft(size);
  const power = new Float64Array(size / 2 + 1);
  // Twice: nothing of the first is left in the second.
  for (let round = 0; round < 2; round++) {
    const samples = Float64Array.from({ length: size }, () => next() * 2 - 1);
    fft.powerSpectrum(samples, power);
    powerByDefinition(samples).forEach((expected, k) => {
      expect(power[k]).toBeCloseTo(expected, 8);
    });
  }
  expect(() => new Fft(size + 1)).toThrow('power of two');
});

it('finds a tone in the same band at both rates, and a higher one in a higher band', () => {
  const loudest = (hz: number, sampleRate: number) => {
    const mel = new LogMel(sampleRate);
    const bands = new Float64Array(bandCount);
    mel.compute(sine(hz, sampleRate, mel.windowSamples), 0, bands);
    return bands.indexOf(Math.max(...bands));
  };
  const tones = [300, 700, 1500, 3000, 6000];
  const bands = tones.map((hz) => loudest(hz, 16_000));
  expect(tones.map((hz) => loudest(hz, 24_000))).toEqual(bands);
  expect(bands.toSorted((a, b) => a - b)).toEqual(bands);
  expect(new Set(bands).size).toBe(tones.length);
});

it.each([16_000, 24_000])('hears how high a voice is at %d Hz, and that noise has no height', (sampleRate) => {
  const pitch = new Pitch(sampleRate, sampleRate / 40);
  for (const hz of [85, 120, 210, 330]) {
    // Harmonics of equal strength, the fundamental weakest: what a telephone leaves of a voice.
    const samples = new Int16Array(pitch.spanSamples);
    for (const [harmonic, weight] of [0.3, 1, 1, 1, 1].entries()) {
      sine(hz * (harmonic + 1), sampleRate, samples.length).forEach((sample, i) => {
        samples[i]! += (sample * weight) / 5;
      });
    }
    expect(Math.abs(pitch.of(samples, 0) / hz - 1)).toBeLessThan(0.03);
  }
  const next = generator(1);
  expect(
    pitch.of(
      Int16Array.from({ length: pitch.spanSamples }, () => (next() - 0.5) * 20_000),
      0,
    ),
  ).toBe(0);
});

const voices: Voice[] = [
  { pitchHz: 95, scale: 0.95 },
  { pitchHz: 125, scale: 1 },
  { pitchHz: 175, scale: 1.08 },
  { pitchHz: 230, scale: 1.15 },
];

function voiceprintOf(voice: Voice, words: number, sampleRate = 16_000, db = -20): number[] {
  const samples = toPcm(speech(voice, words, sampleRate, 3000, db));
  const maker = new VoiceprintMaker(sampleRate);
  maker.add(samples, samples.length);
  expect(maker.windows).toBeGreaterThan(100);
  return maker.voiceprint();
}

it('finds the same voice with other words closer than any other voice, by a margin', () => {
  const enrolled = voices.map((voice) => voiceprintOf(voice, 1));
  const scores = voices.map((voice) => {
    const said = voiceprintOf(voice, 2);
    return enrolled.map((known) => similarity(known, said));
  });
  scores.forEach((row, voice) => {
    const others = row.filter((_, i) => i !== voice);
    expect(row[voice]! - Math.max(...others), `${row}`).toBeGreaterThan(0.05);
    expect(row[voice]).toBeGreaterThan(0.95);
  });
});

it('tells voices of one height apart by their throats, and of one throat by their height', () => {
  const known = voiceprintOf({ pitchHz: 130, scale: 0.95 }, 1);
  const same = similarity(known, voiceprintOf({ pitchHz: 130, scale: 0.95 }, 2));
  expect(same - similarity(known, voiceprintOf({ pitchHz: 130, scale: 1.2 }, 2))).toBeGreaterThan(0.003);
  expect(same - similarity(known, voiceprintOf({ pitchHz: 200, scale: 0.95 }, 2))).toBeGreaterThan(0.1);
});

it('depends neither on how loud a voice is nor on the sample rate', () => {
  for (const voice of voices) {
    const known = voiceprintOf(voice, 1);
    expect(similarity(known, voiceprintOf(voice, 1, 16_000, -35))).toBeGreaterThan(0.99);
    expect(similarity(known, voiceprintOf(voice, 1, 24_000))).toBeGreaterThan(0.97);
  }
});

it('takes speech in any pieces', () => {
  const samples = toPcm(speech(voices[0]!, 1, 16_000, 1000));
  const [whole, pieces] = [new VoiceprintMaker(16_000), new VoiceprintMaker(16_000)];
  whole.add(samples, samples.length);
  let used = 0;
  for (let end = 320; end <= samples.length; end += 320) {
    const rest = samples.slice(used, end);
    used += pieces.add(rest, rest.length);
  }
  expect(pieces.windows).toBe(whole.windows);
  expect(pieces.voiceprint()).toEqual(whole.voiceprint());
});
