/** Whether voices are found where they are, at any level, and nowhere else. */
import { expect, it } from 'vitest';
import { levelDb, silenceDb } from '../../examples/audio/level.ts';
import { VoiceActivity } from '../../examples/audio/voice-activity.ts';
import { generator } from '../support/seed.ts';
import { scene, toPcm } from './speech.ts';

const sampleRate = 16_000;
const frameSamples = 320;
const frameMs = 20;

/** From the first voiced frame to behind the last, in ms. */
function voicesIn(samples: Int16Array): [number, number][] {
  const activity = new VoiceActivity();
  const voices: [number, number][] = [];
  let onset = 0;
  for (let frame = 0; frame * frameSamples < samples.length; frame++) {
    const { state: before, isActive: wasActive } = activity;
    const state = activity.push(levelDb(samples, frame * frameSamples, frameSamples));
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
  const activity = new VoiceActivity({ hangoverFrames: 5 });
  for (let i = 0; i < 3; i++) activity.push(-20);
  expect(activity.state).toBe('voice');
  expect(activity.skip(4)).toBe('tail');
  expect(activity.skip(1)).toBe('quiet');
});
