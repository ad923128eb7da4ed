/** The resampler, judged by its spectrum, by impulses, and by what must not depend on how the input is cut. */
import { describe, expect, it } from 'vitest';
import { Resampler } from '../../src/playback/resampler.ts';

const pairs = [8_000, 16_000, 24_000, 48_000].flatMap((from) => [16_000, 24_000].map((to) => [from, to] as const));
const changing = pairs.filter(([from, to]) => from !== to);

/** All of the input, in chunks of `chunk(n)` samples. */
function resample(from: number, to: number, input: Int16Array, chunk: (n: number) => number = () => 480): Int16Array {
  const resampler = new Resampler(from, to);
  const parts: Int16Array[] = [];
  for (let at = 0, n = 0; at < input.length; n++) {
    const piece = input.subarray(at, at + chunk(n));
    at += piece.length;
    const output = new Int16Array(resampler.outputMax(piece.length));
    parts.push(output.subarray(0, resampler.push(piece, output)));
  }
  const rest = new Int16Array(resampler.outputMax(0));
  parts.push(rest.subarray(0, resampler.flush(rest)));
  return Int16Array.from(parts.flatMap((part) => [...part]));
}

function tone(rate: number, hz: number, amplitude: number, samples: number): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / rate)),
  );
}

/** The amplitude at one frequency, of the middle of the samples, in a Hann window. */
function amplitudeAt(samples: Int16Array, rate: number, hz: number): number {
  const from = Math.floor(samples.length / 8);
  const count = samples.length - 2 * from;
  let re = 0;
  let im = 0;
  for (let i = 0; i < count; i++) {
    const weighted = samples[from + i]! * (1 - Math.cos((2 * Math.PI * (i + 0.5)) / count));
    const angle = (2 * Math.PI * hz * (from + i)) / rate;
    re += weighted * Math.cos(angle);
    im += weighted * Math.sin(angle);
  }
  return (2 * Math.hypot(re, im)) / count;
}

function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

const amplitude = 30_000;
const seconds = 0.4;

/** Frequencies in fortieths of the lower Nyquist frequency. */
function sweep(from: number, to: number, first: number, last: number): number[] {
  const step = Math.min(from, to) / 2 / 40;
  return Array.from({ length: last - first + 1 }, (_, i) => step * (first + i));
}

/** How much of a tone is left at `seenHz`, in dB. */
function gain(from: number, to: number, hz: number, seenHz = hz): number {
  const output = resample(from, to, tone(from, hz, amplitude, from * seconds));
  return decibels(amplitudeAt(output, to, seenHz) / amplitude);
}

describe.each(changing)('from %i to %i Hz', (from, to) => {
  it('is flat within 0.1 dB up to 0.9 of the lower Nyquist frequency', () => {
    const gains = sweep(from, to, 1, 36).map((hz) => Math.abs(gain(from, to, hz)));
    expect(Math.max(...gains)).toBeLessThan(0.1);
  });

  it('leaves a tone where it was in time, and adds no noise but that of rounding', () => {
    const hz = Math.min(from, to) / 14;
    const output = resample(from, to, tone(from, hz, amplitude, from / 2));
    const expected = tone(to, hz, amplitude, to / 2);
    // The edges are those of silence before and after: a filter rings there.
    for (let i = to / 100; i < to / 2 - to / 100; i++) {
      expect(Math.abs(output[i]! - expected[i]!)).toBeLessThan(amplitude * 0.01);
    }
    expect(decibels(residue(output, to, hz) / amplitude)).toBeLessThan(-70);
  });

  it('puts an impulse at its time, symmetrically', () => {
    const input = new Int16Array(from / 10);
    // At a time that both rates have a sample for.
    const ms = 40;
    input[(from * ms) / 1000] = 32_767;
    const output = resample(from, to, input);
    const middle = (to * ms) / 1000;
    for (let i = 1; i < to / 100; i++) expect(output[middle + i]).toBe(output[middle - i]);
    expect(Math.max(...output)).toBe(output[middle]);
  });
});

it.each(changing.filter(([from, to]) => to < from))(
  'from %i to %i Hz nothing above 1.1 of the lower Nyquist frequency comes back as an alias: 70 dB down',
  (from, to) => {
    const aliases = sweep(from, to, 44, 79).map((hz) => gain(from, to, hz, Math.abs(hz - Math.round(hz / to) * to)));
    expect(Math.max(...aliases)).toBeLessThan(-70);
  },
);

it.each(changing.filter(([from, to]) => to > from))(
  'from %i to %i Hz there is no image of what is below 0.9 of the lower Nyquist frequency: 70 dB down',
  (from, to) => {
    const images = sweep(from, to, 1, 36).flatMap((hz) =>
      [from - hz, from + hz].filter((image) => image < to / 2).map((image) => gain(from, to, hz, image)),
    );
    expect(Math.max(...images)).toBeLessThan(-70);
  },
);

/** What is left of the middle when the tone is taken away: its effective value. */
function residue(samples: Int16Array, rate: number, hz: number): number {
  const from = rate / 100;
  const to = samples.length - from;
  let [ss, sc, cc, ys, yc] = [0, 0, 0, 0, 0];
  const angle = (i: number) => (2 * Math.PI * hz * i) / rate;
  for (let i = from; i < to; i++) {
    const [s, c, y] = [Math.sin(angle(i)), Math.cos(angle(i)), samples[i]!];
    ss += s * s;
    sc += s * c;
    cc += c * c;
    ys += y * s;
    yc += y * c;
  }
  const scale = ss * cc - sc * sc;
  const [a, b] = [(ys * cc - yc * sc) / scale, (yc * ss - ys * sc) / scale];
  let sum = 0;
  for (let i = from; i < to; i++) {
    sum += (samples[i]! - a * Math.sin(angle(i)) - b * Math.cos(angle(i))) ** 2;
  }
  return Math.sqrt(sum / (to - from));
}

describe.each(pairs)('from %i to %i Hz, in chunks', (from, to) => {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const noise = Int16Array.from({ length: from }, () => Math.round((random() - 0.5) * 60_000));

  it.each([1, 7, 160, 480, 1000, 48_000])('of %i samples: bit for bit the same as in any others', (size) => {
    const whole = resample(from, to, noise, () => noise.length);
    expect(Buffer.from(resample(from, to, noise, () => size).buffer).equals(Buffer.from(whole.buffer))).toBe(true);
    const uneven = resample(from, to, noise, () => 1 + Math.floor(random() * size));
    expect(Buffer.from(uneven.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
  });

  it('has exactly the samples that its duration asks for', () => {
    for (const length of [0, 1, 2, 3, 5, 159, 160, 1001, from / 50]) {
      expect(resample(from, to, noise.subarray(0, length)).length).toBe(Math.ceil((length * to) / from));
    }
  });

  it('is like new after a flush', () => {
    const resampler = new Resampler(from, to);
    const piece = noise.subarray(0, 777);
    const output = new Int16Array(resampler.outputMax(piece.length));
    const once = () => {
      const pushed = resampler.push(piece, output);
      const flushed = resampler.flush(output.subarray(pushed));
      return [...output.subarray(0, pushed + flushed)];
    };
    expect(once()).toEqual(once());
  });

  it('clips what is too loud', () => {
    // A square at full scale: every filter overshoots it.
    const square = Int16Array.from({ length: from / 10 }, (_, i) => (Math.floor(i / 20) % 2 === 0 ? 32_767 : -32_768));
    const output = resample(from, to, square);
    const inHalf = (i: number) => Math.floor((i * from) / to / 20) % 2 === 0;
    const isInside = (i: number) => {
      const place = ((i * from) / to) % 20;
      return place > 3 && place < 17;
    };
    for (let i = 0; i < output.length - 100; i++) {
      if (isInside(i)) expect(output[i]! > 0, `sample ${i}`).toBe(inHalf(i));
    }
    if (from !== to) expect(output).toContain(32_767);
  });
});

it('keeps a constant exactly constant', () => {
  for (const [from, to] of changing) {
    const output = resample(from, to, new Int16Array(from / 5).fill(12_345));
    expect(new Set(output.subarray(to / 50, to / 6))).toEqual(new Set([12_345]));
  }
});

it('refuses an output that is too small, and rates that are no small ratio', () => {
  const resampler = new Resampler(8_000, 16_000);
  expect(() => resampler.push(new Int16Array(160), new Int16Array(160))).toThrow('the output has room');
  for (const rate of [44_100, 1, 0, -8_000, 16_000.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new Resampler(rate, 16_000)).toThrow('no ratio of small integers');
  }
});
