import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { synthesizeVoice } from '../../src/simulator/voice.ts';

const sampleRate = 16_000;
const seconds = 10;

function voice(number: number, rate = sampleRate): Int16Array {
  return synthesizeVoice(1, number, rate, seconds * rate);
}

function level(samples: Int16Array): number {
  return (
    20 * Math.log10(Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length) / 32_768)
  );
}

function frames(samples: Int16Array): Int16Array[] {
  return Array.from({ length: samples.length / 320 }, (_, i) => samples.subarray(i * 320, i * 320 + 320));
}

/** The lag between 60 and 400 Hz at which a frame is most like itself, and how like: 1 is periodic, 0 is noise. */
function periodicity(samples: Int16Array): { hz: number; likeness: number } {
  let best = { hz: 0, likeness: 0 };
  for (let lag = 40; lag <= 266; lag++) {
    let product = 0;
    let energy = 0;
    for (let i = 0; i + lag < samples.length; i++) {
      product += samples[i]! * samples[i + lag]!;
      energy += (samples[i]! ** 2 + samples[i + lag]! ** 2) / 2;
    }
    if (product / energy > best.likeness) best = { hz: sampleRate / lag, likeness: product / energy };
  }
  return best;
}

describe('synthesizeVoice', () => {
  it('makes the same samples on every machine', () => {
    const hash = (samples: Int16Array) => createHash('sha256').update(samples).digest('hex');
    expect([hash(voice(0)), hash(voice(11, 24_000))]).toMatchInlineSnapshot(`
      [
        "d370d994614063a0c765445f06290d0cbb26cc8b114a3b4bb45fde8e956321c8",
        "2e981f0a8687cf87f0e5536d7d07ef7129a3edb54c27ea05af8ba849608649af",
      ]
    `);
  });

  it('has a level of about -20 dBFS at both rates', () => {
    for (const rate of [16_000, 24_000]) {
      for (const number of [0, 5, 11]) expect(Math.abs(level(voice(number, rate)) + 20)).toBeLessThan(1);
    }
  });

  it('never reaches full scale', () => {
    for (let number = 0; number < 12; number++) {
      expect(voice(number).reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeLessThan(31_500);
    }
  });

  it('has pauses, periodic sounds and noise, as speech has', () => {
    for (const number of [1, 6]) {
      const all = frames(voice(number));
      const quiet = all.filter((frame) => level(frame) < -50).length / all.length;
      expect(quiet).toBeGreaterThan(0.1);
      expect(quiet).toBeLessThan(0.45);
      // Two frames together hold at least two periods of the lowest voice.
      const loud = all.flatMap((frame, i) => (level(frame) > -30 && i + 1 < all.length ? [i] : []));
      const likeness = loud.map((i) => periodicity(voiceSlice(number, i)).likeness);
      expect(likeness.filter((value) => value > 0.7).length / loud.length).toBeGreaterThan(0.35);
      expect(likeness.filter((value) => value < 0.5).length / loud.length).toBeGreaterThan(0.03);
    }
  });

  it('moves its pitch', () => {
    const pitches = frames(voice(3)).flatMap((frame, i) => {
      const { hz, likeness } = level(frame) > -25 && i < 499 ? periodicity(voiceSlice(3, i)) : { hz: 0, likeness: 0 };
      return likeness > 0.8 ? [hz] : [];
    });
    pitches.sort((a, b) => a - b);
    const spread = pitches[Math.floor(pitches.length * 0.9)]! / pitches[Math.floor(pitches.length * 0.1)]!;
    expect(spread).toBeGreaterThan(1.1);
  });

  it('has no frame twice, in one voice or in two, and none of pure zeros', () => {
    const seen = new Set<string>([Buffer.alloc(640).toString('base64')]);
    for (const number of [0, 1, 2, 3]) {
      for (const frame of frames(voice(number))) {
        seen.add(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('base64'));
      }
    }
    expect(seen.size).toBe(4 * 500 + 1);
  });

  it('ends quietly, so that a loop has no seam', () => {
    expect(level(voice(2).subarray(-1600))).toBeLessThan(-60);
  });
});

const voices = new Map<number, Int16Array>();

function voiceSlice(number: number, frame: number): Int16Array {
  const samples = voices.get(number) ?? voice(number);
  voices.set(number, samples);
  return samples.subarray(frame * 320, frame * 320 + 640);
}
