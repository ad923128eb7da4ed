/** Bursts are found where they are, at any loudness and through resamplers, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { Resampler } from '../../src/playback/resampler.ts';
import { Correlator, Template } from '../../src/simulator/correlator.ts';
import { burstCodes, burstSamples } from '../../src/simulator/echo-signal.ts';
import { synthesizeVoice } from '../../src/simulator/voice.ts';
import { generator } from '../support/seed.ts';

const rates = [16_000, 24_000] as const;
const templatesOf = (rate: number) =>
  Array.from({ length: burstCodes }, (_, code) => new Template(burstSamples(code, rate), rate));

function bytesOf(samples: Int16Array): Uint8Array {
  return new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
}

/** What is found of `wanted`, in pieces of so many samples: its number, and at which ms it begins. */
function search(rate: number, samples: Int16Array, wanted: readonly Template[], piece = rate / 50) {
  const correlator = new Correlator(rate, wanted[0]!.samples.length);
  const found: { code: number; ms: number }[] = [];
  for (let at = 0; at < samples.length; at += piece) {
    const part = samples.subarray(at, at + piece);
    correlator.push(at, bytesOf(part), part.byteLength, wanted, (template, atSample) => {
      found.push({ code: wanted.indexOf(template), ms: (atSample * 1000) / rate });
      return wanted;
    });
  }
  return found;
}

/** A second of nothing, or so many samples, with a burst in it. */
function placed(rate: number, code: number, at: number, gain = 1, length = rate): Int16Array {
  const samples = new Int16Array(length);
  samples.set(
    burstSamples(code, rate).map((sample) => Math.round(sample * gain)),
    at,
  );
  return samples;
}

describe.each(rates)('at %i Hz', (rate) => {
  const templates = templatesOf(rate);

  it.each([
    [0, 1],
    [1, 1],
    [1601, 0.05],
    [4999, 2],
  ])('a burst is found from sample %i on, %d times as loud, to a quarter of a ms', (at, gain) => {
    for (const piece of [rate / 50, 37, rate]) {
      const [found, ...more] = search(rate, placed(rate, 5, at, gain), templates, piece);
      expect(more).toEqual([]);
      expect(found!.code).toBe(5);
      expect(Math.abs(found!.ms - (at * 1000) / rate)).toBeLessThanOrEqual(0.26);
    }
  });

  it('every burst is found, and taken for no other', () => {
    // No longer than it must be: each sample is held against every burst.
    const at = 403;
    const length = at + burstSamples(0, rate).length + rate / 20;
    for (let code = 0; code < burstCodes; code++) {
      const samples = placed(rate, code, at, 1, length);
      expect(search(rate, samples, templates).map((each) => each.code)).toEqual([code]);
    }
  });

  it.each([8000, 24_000, 48_000, 16_000])('a burst is found that was resampled to %i Hz and back', (other) => {
    if (other === rate) return;
    for (const code of [1, 30]) {
      const there = new Resampler(rate, other);
      const back = new Resampler(other, rate);
      const away = new Int16Array(2 * other);
      const count = there.push(placed(rate, code, 4000), away);
      const samples = new Int16Array(2 * rate);
      const heard = samples.subarray(0, back.push(away.subarray(0, count), samples));
      const [found, ...more] = search(rate, heard, templates);
      expect([found?.code, more]).toEqual([code, []]);
      expect(Math.abs(found!.ms - 4_000_000 / rate)).toBeLessThanOrEqual(0.26);
    }
  });

  it('a burst is found under noise that is half as loud', () => {
    const next = generator(7);
    const samples = placed(rate, 9, 5000);
    for (let i = 0; i < samples.length; i++) samples[i]! += Math.round((next() * 2 - 1) * 3500);
    const [found, ...more] = search(rate, samples, templates);
    expect([found?.code, more]).toEqual([9, []]);
  });

  it('nothing is found in ten seconds of each of three voices, nor in noise', () => {
    const next = generator(8);
    const noise = Int16Array.from({ length: 10 * rate }, () => Math.round((next() * 2 - 1) * 8000));
    const voices = [0, 4, 8].map((voice) => synthesizeVoice(1, voice, rate, 10 * rate));
    const some = templates.slice(0, 8);
    for (const samples of [noise, ...voices]) expect(search(rate, samples, some)).toEqual([]);
  });

  it('a burst with a gap in it is not one', () => {
    const correlator = new Correlator(rate, templates[0]!.samples.length);
    const samples = bytesOf(placed(rate, 5, 0));
    const half = rate / 10;
    let found = 0;
    const note = () => {
      found++;
      return templates;
    };
    correlator.push(0, samples.subarray(0, half), half, templates, note);
    correlator.push(half / 2 + 400, samples.subarray(half), samples.length - half, templates, note);
    expect(found).toBe(0);
  });
});
