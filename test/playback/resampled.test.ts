/** Speech of another rate than the call's: written in pieces of any size, it is heard as if in one. */
import { describe, expect, it } from 'vitest';
import { Resampler } from '../../src/playback/resampler.ts';
import { generator, seed } from '../support/seed.ts';
import { bytesOf, Rig } from './rig.ts';

function tone(samples: number, rate: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => 12_000 * Math.sin((2 * Math.PI * 440 * i) / rate));
}

function inOnePiece(input: Int16Array, from: number, to: number): Buffer {
  const resampler = new Resampler(from, to);
  const output = new Int16Array(resampler.outputMax(input.length) + resampler.outputMax(0));
  const count = resampler.push(input, output);
  return bytesOf(output.subarray(0, count + resampler.flush(output.subarray(count))));
}

describe.each([
  [8_000, 16_000],
  [24_000, 16_000],
  [48_000, 16_000],
  [8_000, 24_000],
  [16_000, 24_000],
  [48_000, 24_000],
])('from %i to %i Hz', (from, to) => {
  it('is heard without a seam between two pieces, and to its end', () => {
    const random = generator(seed);
    using rig = new Rig({ sampleRate: to, seconds: 1 });
    const input = tone(2 * from, from);
    const utterance = rig.writer.begin({ sampleRate: from });
    for (let at = 0; at < input.length; ) {
      const taken = utterance.write(input.subarray(at, at + 1 + Math.floor(random() * 3_000)));
      at += taken;
      if (taken === 0) rig.run(50);
    }
    utterance.end();
    rig.run(4_000);
    const whole = inOnePiece(input, from, to);
    expect(rig.acs.heard.subarray(0, whole.length).equals(whole)).toBe(true);
    expect(rig.acs.heard.subarray(whole.length).every((byte) => byte === 0)).toBe(true);
    expect(rig.acs.heard.length - whole.length).toBeLessThan(960);
  });
});

it('takes what has room after `writable`', async () => {
  using rig = new Rig({ sampleRate: 24_000, seconds: 1 });
  const utterance = rig.writer.begin({ sampleRate: 8_000 });
  const input = tone(40_000, 8_000);
  while (utterance.write(input) > 0);
  const writable = utterance.writable();
  for (let n = 0; n < 3; n++) rig.run(50);
  await writable;
  expect(utterance.write(input)).toBeGreaterThan(0);
});

it('refuses a rate that telephony does not have', () => {
  using rig = new Rig();
  for (const sampleRate of [0, 11_025, 44_100, Number.NaN, -8_000]) {
    expect(() => rig.writer.begin({ sampleRate })).toThrow(expect.objectContaining({ code: 'playback_refused' }));
  }
  expect(() => rig.writer.begin({ id: 'x'.repeat(41) })).toThrow(expect.objectContaining({ code: 'playback_refused' }));
});
