/** The schedule of what is forwarded, with time as an argument: order, silence, lateness, and catching up. */
import { expect, it } from 'vitest';
import { Delays } from '../../examples/interpretation/delay.ts';
import { Playout } from '../../examples/interpretation/playout.ts';
import { generator } from '../support/seed.ts';

const sampleRate = 16_000;
const frameSamples = 320;
const frameMs = 20;
const bufferMs = 80;

/** Frame n holds n + 1 everywhere, so that it is known again; loud enough not to be taken for quiet. */
function frameOf(n: number): Int16Array {
  return new Int16Array(frameSamples).fill(1000 + n);
}

interface Sent {
  readonly n: number | null;
  readonly atMs: number;
}

/** Plays frames that come at the given times; looks every ms. */
function play(arrivalsMs: ReadonlyMap<number, number>, untilMs: number, samplesOf = frameOf) {
  const playout = new Playout({ sampleRate, bufferMs });
  const arriving = [...arrivalsMs].map(([n, atMs]) => ({ n, atMs })).sort((a, b) => a.atMs - b.atMs || a.n - b.n);
  const sent: Sent[] = [];
  let next = 0;
  for (let nowMs = 0; nowMs <= untilMs; nowMs++) {
    for (; next < arriving.length && arriving[next]!.atMs <= nowMs; next++) {
      const { n, atMs } = arriving[next]!;
      playout.put(n * frameSamples, samplesOf(n), frameSamples, atMs);
    }
    while ((next < arriving.length || !playout.isEmpty) && playout.take(nowMs, nowMs)) {
      const [first] = playout.frame;
      expect(playout.frame.every((sample) => sample === first)).toBe(true);
      if (Number.isNaN(playout.frameArrivalMs)) expect(first).toBe(0);
      sent.push({ n: Number.isNaN(playout.frameArrivalMs) ? null : first! - 1000, atMs: nowMs });
    }
  }
  return { sent, counts: playout.counts };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

it('sends every frame in order, 80 ms after the first came and then every 20 ms, whatever jitter and order they had', () => {
  const next = generator(4);
  const arrivals = new Map(range(0, 500).map((n) => [n, n * frameMs + (n === 0 ? 0 : Math.floor(next() * bufferMs))]));
  const { sent, counts } = play(arrivals, 20_000);
  expect(sent).toEqual(range(0, 500).map((n) => ({ n, atMs: bufferMs + n * frameMs })));
  expect(counts).toEqual({ forwarded: 500, silence: 0, late: 0, leftOut: 0, setBack: 0 });
});

it('sends silence for what never comes, and drops what comes too late', () => {
  const arrivals = new Map(range(0, 400).map((n) => [n, n * frameMs]));
  for (const n of [20, 300]) arrivals.delete(n);
  for (const n of [40, 80]) arrivals.set(n, n * frameMs + bufferMs + 1);
  const { sent, counts } = play(arrivals, 9000);
  expect(sent.map(({ n }) => n)).toEqual(range(0, 400).map((n) => ([20, 40, 80, 300].includes(n) ? null : n)));
  expect(counts).toEqual({ forwarded: 396, silence: 4, late: 2, leftOut: 0, setBack: 0 });
});

it('keeps its pace through a stall and the burst after it', () => {
  const arrivals = new Map(range(0, 200).map((n) => [n, n >= 50 && n < 100 ? 100 * frameMs : n * frameMs]));
  const { sent, counts } = play(arrivals, 6000);
  expect(sent.map(({ atMs }) => atMs)).toEqual(range(0, 200).map((n) => bufferMs + n * frameMs));
  // The last of the burst are in time for their turn.
  expect(sent.map(({ n }) => n)).toEqual(range(0, 200).map((n) => (n >= 50 && n < 96 ? null : n)));
  expect(counts).toEqual({ forwarded: 154, silence: 46, late: 46, leftOut: 0, setBack: 0 });
});

it('sends silence while a participant is not among the dominant speakers, and continues in time', () => {
  const arrivals = new Map([...range(0, 100), ...range(600, 700)].map((n) => [n, n * frameMs]));
  const { sent, counts } = play(arrivals, 15_000);
  expect(sent.map(({ atMs }) => atMs)).toEqual(range(0, 700).map((n) => bufferMs + n * frameMs));
  expect(sent.map(({ n }) => n)).toEqual(range(0, 700).map((n) => (n >= 100 && n < 600 ? null : n)));
  expect(counts).toEqual({ forwarded: 200, silence: 500, late: 0, leftOut: 0, setBack: 0 });
});

it('waits for the ring to be read before it takes a frame for missing', () => {
  const playout = new Playout({ sampleRate, bufferMs });
  playout.put(0, frameOf(0), frameSamples, 0);
  expect(playout.take(bufferMs, 0)).toBe(true);
  // Late ourselves: what is due since may be waiting to be read.
  expect(playout.take(500, 90)).toBe(false);
  playout.put(frameSamples, frameOf(1), frameSamples, 25);
  expect(playout.take(500, 90)).toBe(true);
  expect(playout.frameArrivalMs).toBe(25);
  expect(playout.take(500, 130)).toBe(true);
  expect(playout.counts).toMatchObject({ forwarded: 2, silence: 1 });
});

it('sets the schedule back if everything is late for good', () => {
  const arrivals = new Map(range(0, 300).map((n) => [n, n * frameMs + (n < 100 ? 0 : 300)]));
  const { sent, counts } = play(arrivals, 8000);
  expect(counts.setBack).toBe(1);
  // 300 ms behind, so frames wait for 80 ms again.
  expect(sent.at(-1)).toEqual({ n: 299, atMs: 299 * frameMs + 300 + bufferMs });
  expect(sent.filter(({ n }) => n !== null && n >= 131).length).toBe(169);
});

it('leaves out quiet frames until the delay is what it should be, and no others', () => {
  const isQuiet = (n: number) => n % 30 >= 27;
  const quiet = (n: number) => (isQuiet(n) ? new Int16Array(frameSamples) : frameOf(n));
  // The first ten frames came at once, 200 ms late; with them as the measure everything waits for 200 ms too long.
  const arrivals = new Map(range(0, 400).map((n) => [n, Math.max(200, n * frameMs)]));
  const { sent, counts } = play(arrivals, 10_000, quiet);
  expect(counts).toMatchObject({ late: 0, leftOut: 10, setBack: 0, silence: 0 });
  expect(sent.at(-1)!.atMs).toBe(399 * frameMs + bufferMs);
  const heard = new Set(sent.map(({ n }) => n));
  expect(range(0, 400).filter((n) => !isQuiet(n) && !heard.has(n))).toEqual([]);
});

it('takes packets of any length', () => {
  const playout = new Playout({ sampleRate, bufferMs });
  const samples = Int16Array.from({ length: 10 * frameSamples }, (_, i) => i + 1);
  for (let at = 0; at < samples.length; at += 200)
    playout.put(at, samples.subarray(at, at + 200), Math.min(200, samples.length - at), 0);
  const taken: number[] = [];
  while (!playout.isEmpty && playout.take(1000, 1000)) taken.push(...playout.frame);
  expect(taken).toEqual([...samples]);
  expect(playout.counts.silence).toBe(0);
  // A frame that begins in the middle of one reaches into the next.
  const shifted = new Playout({ sampleRate, bufferMs });
  shifted.put(0, samples, frameSamples, 0);
  shifted.put(1.5 * frameSamples, samples, frameSamples, 0);
  while (!shifted.isEmpty && shifted.take(1000, 1000));
  expect(shifted.counts).toMatchObject({ forwarded: 3, silence: 0 });
});

it('knows the percentiles of delays', () => {
  const delays = new Delays();
  expect(delays.percentile(0.5)).toBeNaN();
  for (let ms = 1; ms <= 100; ms++) delays.add(ms);
  expect([0.01, 0.5, 0.99, 1].map((share) => delays.percentile(share))).toEqual([1, 50, 99, 100]);
  delays.add(1e9);
  expect(delays.percentile(1)).toBe(5000);
});
