/** Whether voices are found where they are, at any level, and nowhere else. */

import { expect, it } from 'vitest';
import { levelDb, silenceDb } from '../../src/reader/level.ts';
import { VoiceActivity } from '../../src/reader/voice-activity.ts';
import { scene, speech, toPcm } from '../examples/speech.ts';
import { generator } from '../support/seed.ts';

const sampleRate = 16_000;
const frameSamples = 320;
const frameMs = 20;

/** From the first voiced frame to behind the last, in ms. */
function voicesIn(samples: Int16Array): [number, number][] {
  const activity = new VoiceActivity(sampleRate);
  const voices: [number, number][] = [];
  let onset = 0;
  for (let frame = 0; frame * frameSamples < samples.length; frame++) {
    const { state: before, isActive: wasActive } = activity;
    const state = activity.push(samples, frame * frameSamples, frameSamples);
    if (state === 'onset' && before === 'quiet') onset = frame * frameMs;
    if (activity.isActive && !wasActive) voices.push([onset, 0]);
    if (state === 'voice') voices.at(-1)![1] = (frame + 1) * frameMs;
  }
  return voices;
}

it('says how loud samples are', () => {
  expect(levelDb(new Int16Array(320), 0, 320)).toBe(silenceDb);
  expect(levelDb(new Int16Array(320).fill(16_384), 0, 320)).toBeCloseTo(-6.02, 2);
  const sine = Int16Array.from({ length: 320 }, (_, i) => 32_767 * Math.sin((2 * Math.PI * i) / 32));
  expect(levelDb(sine, 0, 320)).toBeCloseTo(-3.01, 2);
});

it.each([
  [-10, -40],
  [-20, -60],
  [-20, -35],
  [-30, -50],
  [-40, -60],
  [-45, -75],
])('finds speech of %d dB over noise of %d dB, to 40 ms', (speechDb, noiseDb) => {
  const spans = [
    [5500, 7500],
    [9000, 9600],
    [11_010, 14_470],
  ] as const;
  // A loud room is taken for a voice until it is known.
  const voices = voicesIn(scene({ sampleRate, ms: 16_000, noiseDb, speechDb }, spans)).filter(([, to]) => to > 4500);
  expect(voices.length).toBe(3);
  voices.forEach(([from, to], i) => {
    expect(Math.abs(from - spans[i]![0]), `beginning of voice ${i}`).toBeLessThanOrEqual(40);
    expect(Math.abs(to - spans[i]![1]), `end of voice ${i}`).toBeLessThanOrEqual(40);
  });
});

it('hears no voice in silence, in noise, in clicks', () => {
  expect(voicesIn(new Int16Array(5 * sampleRate))).toEqual([]);
  expect(voicesIn(scene({ sampleRate, ms: 10_000, noiseDb: -50, speechDb: 0 }, []))).toEqual([]);
  // Muted for two seconds, then not: the zeros are not what the room is like.
  const unmuted = scene({ sampleRate, ms: 10_000, noiseDb: -50, speechDb: 0 }, []).fill(0, 0, 2 * sampleRate);
  expect(voicesIn(unmuted)).toEqual([]);
  const clicks = scene({ sampleRate, ms: 5000, noiseDb: -60, speechDb: 0 }, []);
  for (let at = sampleRate / 2; at < clicks.length; at += sampleRate / 2) clicks.fill(12_000, at, at + 480);
  expect(voicesIn(clicks)).toEqual([]);
});

it('takes a fan that is switched on for a voice for four seconds, and then hears speech over it', () => {
  const samples = scene({ sampleRate, ms: 14_000, noiseDb: -65, speechDb: -15 }, [[10_000, 12_000]]);
  const next = generator(3);
  const fan = toPcm(Float64Array.from({ length: samples.length }, () => (next() * 2 - 1) * 0.03));
  for (let i = 3 * sampleRate; i < samples.length; i++) samples[i]! += fan[i]!;
  const [first, second, ...others] = voicesIn(samples);
  expect(first![0]).toBe(3000);
  expect(first![1]).toBeGreaterThan(6000);
  expect(first![1]).toBeLessThan(8000);
  expect(Math.abs(second![0] - 10_000)).toBeLessThanOrEqual(40);
  expect(Math.abs(second![1] - 12_000)).toBeLessThanOrEqual(40);
  expect(others).toEqual([]);
});

it('bridges a pause between words, and ends a voice when frames stop coming', () => {
  const bridged = scene({ sampleRate, ms: 4000, noiseDb: -60, speechDb: -20 }, [
    [500, 1000],
    [1400, 2000],
  ]);
  expect(voicesIn(bridged).length).toBe(1);
  const activity = new VoiceActivity(sampleRate, { hangoverFrames: 5 });
  const loud = scene({ sampleRate, ms: 60, noiseDb: -90, speechDb: -20 }, [[0, 60]]);
  for (let i = 0; i < 3; i++) activity.push(loud, i * frameSamples, frameSamples);
  expect(activity.state).toBe('voice');
  expect(activity.skip(4)).toBe('tail');
  expect(activity.skip(1)).toBe('quiet');
});

const noiseMs = 40_000;
const noiseSamples = (noiseMs / 1000) * sampleRate;

function white(seed: number): Float64Array {
  const next = generator(seed);
  return Float64Array.from({ length: noiseSamples }, () => next() * 2 - 1);
}

const rooms: Readonly<Record<string, () => Float64Array>> = {
  hiss: () => white(1),
  rumble: () => {
    let sum = 0;
    return white(2).map((value) => (sum = 0.98 * sum + value));
  },
  hum: () =>
    Float64Array.from({ length: noiseSamples }, (_, i) =>
      [50, 100, 150, 250].reduce((sum, hz) => sum + (Math.sin((2 * Math.PI * hz * i) / sampleRate) * 50) / hz, 0),
    ),
  'six voices': () => {
    const sum = new Float64Array(noiseSamples);
    for (let i = 0; i < 6; i++) {
      const voice = speech({ pitchHz: 100 + 25 * i, scale: 0.9 + 0.05 * i }, 50 + i, sampleRate, 8000);
      for (let k = 0; k < noiseSamples; k++) sum[k]! += voice[(k + i * 7000) % voice.length]!;
    }
    return sum;
  },
};

/** Speech of -25 dB, in turns of 0.6 to 3.5 s, and which frames it is in. */
function spoken(): { readonly samples: Float64Array; readonly isSpeech: readonly boolean[] } {
  const next = generator(9);
  const samples = new Float64Array(noiseSamples);
  const isSpeech = Array.from({ length: noiseSamples / frameSamples }, () => false);
  for (let fromMs = 6000, seed = 1; fromMs < noiseMs - 4000; seed++) {
    const ms = frameMs * Math.round(30 + 145 * next());
    const voice = seed % 2 === 0 ? { pitchHz: 120, scale: 1 } : { pitchHz: 210, scale: 1.15 };
    samples.set(speech(voice, seed, sampleRate, ms, -25), (fromMs / 1000) * sampleRate);
    isSpeech.fill(true, fromMs / frameMs, (fromMs + ms) / frameMs);
    fromMs += ms + frameMs * Math.round(50 + 125 * next());
  }
  return { samples, isSpeech };
}
const said = spoken();

// What docs/library.md says of it, in percent of the frames with and without speech: a beginning of 40 ms is always missing.
it.each([
  ['hiss', 20, 96, 1],
  ['hiss', 10, 90, 1],
  ['rumble', 20, 96, 1],
  ['rumble', 10, 96, 1],
  ['hum', 20, 96, 1],
  ['hum', 10, 96, 1],
  ['six voices', 20, 96, 1],
  ['six voices', 10, 96, 1],
])(
  'in %s %d dB below the voice, finds at least %d percent of it, and takes at most %d percent of the rest for a voice',
  (room, snrDb, least, most) => {
    const noise = rooms[room]!();
    const gain =
      10 ** ((-25 - snrDb) / 20) / Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / noise.length);
    const samples = toPcm(noise.map((value, i) => value * gain + said.samples[i]!));
    const activity = new VoiceActivity(sampleRate);
    const frames = [0, 0];
    const voiced = [0, 0];
    said.isSpeech.forEach((isSpeech, frame) => {
      const state = activity.push(samples, frame * frameSamples, frameSamples);
      // The room is known after four seconds.
      if (frame * frameMs < 5000) return;
      frames[Number(isSpeech)]! += 1;
      // Between syllables a voice that was found is still there.
      if (isSpeech ? activity.isActive : state === 'voice') voiced[Number(isSpeech)]! += 1;
    });
    const percent = (kind: 0 | 1) => (100 * voiced[kind]!) / frames[kind]!;
    expect(percent(1)).toBeGreaterThan(least);
    expect(percent(0)).toBeLessThan(most);
  },
);

it('refuses a rate that holds no speech', () => {
  for (const rate of [0, 4000, Number.NaN]) expect(() => new VoiceActivity(rate)).toThrow('8000 Hz or more');
});
