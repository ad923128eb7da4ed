/**
 * The measurement against schedules whose answers are known before. Every packet goes through the whole decoder; every
 * counter, J after every packet and every bucket must be what follows from the schedule, and closed forms where there are.
 */
import { describe, expect, it } from 'vitest';
import { jitterBoundsMs } from '../../src/memory/histogram.ts';
import { generator, seed } from '../support/seed.ts';
import { buckets, play } from './schedule-rig.ts';
import { boundsMs, grain, steady } from './schedules.ts';

const clean = { missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0, pauses: 0, silentFrames: 0 };
/** What is left of a deviation after k more packets. */
const faded = (k: number) => (15 / 16) ** k;

describe('the buckets', () => {
  it('are the documented ones', () => {
    expect(jitterBoundsMs).toEqual(boundsMs);
  });
});

describe('delay alone', () => {
  it('constant: J is 0 throughout, and every packet comes in its time', () => {
    const { tracks, jitter, deviation } = play(steady({ count: 300 }));
    expect(tracks).toMatchObject([{ ...clean, frames: 300, jitterCount: 299, jitterWorst: 0, jitterSum: 0 }]);
    expect(jitter).toEqual({ buckets: buckets({ 0.5: 300 }), sum: 0 });
    expect(deviation).toEqual({ buckets: buckets({ 0.5: 299 }), sum: 0 });
  });

  it('alternating by ±d: J rises to 2d as 2d (1 - (15/16)^k), never above', () => {
    const d = 4;
    const n = 400;
    const { tracks, deviation } = play(steady({ count: n, delayMs: (k) => 50 + (k % 2 === 0 ? d : -d) }));
    const [track] = tracks;
    track!.jitter.forEach((j, k) => {
      expect(j).toBeCloseTo(2 * d * (1 - faded(k)), 11);
    });
    expect(track!.jitterWorst).toBe(track!.jitter.at(-1));
    expect(track!.jitterWorst).toBeLessThanOrEqual(2 * d);
    // The mean of a geometric approach.
    const mean = 2 * d * (1 - (15 * (1 - faded(n - 1))) / (n - 1));
    expect(track!.jitterSum / track!.jitterCount).toBeCloseTo(mean, 10);
    expect(deviation).toEqual({ buckets: buckets({ 10: n - 1 }), sum: 2 * d * (n - 1) });
  });

  it('a step of h: J is h/16 once, and fades by a sixteenth with every packet', () => {
    const { tracks, deviation } = play(steady({ count: 200, delayMs: (k) => (k < 100 ? 50 : 82) }));
    const { jitter, jitterWorst } = tracks[0]!;
    expect(jitter[99]).toBe(0);
    for (let k = 100; k < 200; k++) expect(jitter[k]).toBeCloseTo(2 * faded(k - 100), 11);
    expect(jitterWorst).toBe(2);
    expect(deviation).toEqual({ buckets: buckets({ 0.5: 198, 40: 1 }), sum: 32 });
  });

  it.each([
    ['later', 0.25],
    ['earlier', -0.25],
  ])('a ramp, the clocks drift and each packet comes %s by %d ms: J goes to that', (_way, slope) => {
    const { tracks, deviation } = play(steady({ count: 400, delayMs: (k) => 150 + k * slope }));
    tracks[0]!.jitter.forEach((j, k) => {
      expect(j).toBeCloseTo(0.25 * (1 - faded(k)), 11);
    });
    expect(deviation).toEqual({ buckets: buckets({ 0.5: 399 }), sum: 399 * 0.25 });
  });

  it('a random walk: J is the smoothed length of its steps', () => {
    const random = generator(seed);
    const steps = Array.from({ length: 500 }, () => grain((random() - 0.5) * 16));
    let delay = 500;
    const delays = steps.map((step) => {
      delay += step;
      return delay;
    });
    const { tracks } = play(steady({ count: 500, delayMs: (k) => delays[k]! }));
    const weighed = steps.slice(1).reduce((sum, step, k) => sum + (Math.abs(step) / 16) * faded(498 - k), 0);
    expect(tracks[0]!.jitter.at(-1)).toBeCloseTo(weighed, 9);
  });

  it.each([-11, -0.5, 7])('a clock that is %d hours off changes nothing', (hours) => {
    const random = generator(seed + 1);
    const delays = Array.from({ length: 200 }, () => grain(random() * 18));
    const packets = steady({ count: 200, delayMs: (k) => delays[k]! });
    const elsewhere = packets.map((packet) => ({ ...packet, timestampMs: packet.timestampMs + hours * 3_600_000 }));
    expect(play(elsewhere)).toEqual(play(packets));
  });

  it('timestamps in whole milliseconds, of packets that are not: J stays below one of them', () => {
    const random = generator(seed + 2);
    const offs = Array.from({ length: 500 }, () => grain(random() - 0.5));
    const { tracks, deviation } = play(steady({ count: 500, sentMs: (k) => 20 * k + offs[k]!, delayMs: () => 50 }));
    expect(tracks).toMatchObject([{ ...clean, jitterCount: 499 }]);
    expect(tracks[0]!.jitterWorst).toBeLessThan(1);
    expect(tracks[0]!.jitterWorst).toBeGreaterThan(0.2);
    expect(deviation.buckets[0]! + deviation.buckets[1]!).toBe(499);
  });

  it('timestamps rounded by ±0.4 ms in turn: J goes to the 0.8 ms by which they are wrong', () => {
    const { tracks } = play(steady({ count: 300, sentMs: (k) => 20 * k + grain(k % 2 === 0 ? 0.4 : -0.4) }));
    expect(tracks[0]!.jitter.at(-1)).toBeCloseTo(0.8, 3);
  });
});

describe('a stall', () => {
  // Packet 50 and those behind it wait until the network moves again: 26 of them come at the same instant.
  const stalled = (k: number) => (k < 50 ? 50 : Math.max(50, 550 - 20 * (k - 50)));

  it.each([true, false])('of 500 ms and the burst after it are no loss (mixed: %s)', (mixed) => {
    const { tracks, deviation } = play(steady({ count: 200, delayMs: stalled }), { mixed });
    expect(tracks).toMatchObject([{ ...clean, frames: 200, jitterCount: 199 }]);
    // One packet 500 ms too late, 25 that follow at once instead of after 20 ms.
    expect(deviation).toEqual({ buckets: buckets({ 0.5: 173, 20: 25, 500: 1 }), sum: 500 + 25 * 20 });
  });

  it('raises J by a sixteenth of itself, and the burst keeps it up', () => {
    const { jitter } = play(steady({ count: 200, delayMs: stalled })).tracks[0]!;
    expect(jitter[49]).toBe(0);
    expect(jitter[50]).toBe(500 / 16);
    expect(jitter[75]).toBeCloseTo((500 / 16) * faded(25) + 20 * (1 - faded(25)), 10);
    expect(jitter[199]).toBeCloseTo(jitter[75]! * faded(124), 10);
  });
});

describe('timestamps', () => {
  // Every third packet is said to be of 10 ms later: the steps are 30, 10 and 20 ms.
  const uneven = (late: number) =>
    steady({ count: 100 }).map((packet) => ({
      ...packet,
      timestampMs: packet.timestampMs + (packet.number % 3 === 1 ? late : 0),
    }));

  it('that jump by one and a half packets are no hole, and J takes them for what they say', () => {
    const { tracks, deviation } = play(uneven(10));
    expect(tracks).toMatchObject([{ ...clean, frames: 100, jitterCount: 99 }]);
    // D is 10, 10, 0 in turn; arrivals are regular.
    expect(tracks[0]!.jitter.slice(1, 4)).toEqual([0.625, 0.625 + (10 - 0.625) / 16, 1.2109375 - 1.2109375 / 16]);
    expect(deviation.sum).toBe(0);
  });
});

describe('loss', () => {
  it.each([2, 3, 10])('of every %i-th packet is counted one by one, and J learns from neighbours only', (every) => {
    const packets = steady({ count: 301, delayMs: (k) => 50 + (k % 7) }).filter((_, k) => k % every !== every - 1);
    const lost = Math.floor(300 / every);
    const [track] = play(packets).tracks;
    expect(track).toMatchObject({ ...clean, frames: 301 - lost, missingFrames: lost, gaps: lost });
    expect(track!.jitterCount).toBe(300 - 2 * lost);
  });

  it('of 25 packets in a row is one gap, also when unmixed', () => {
    const packets = steady({ count: 100 }).filter((_, k) => k < 40 || k >= 65);
    for (const mixed of [true, false])
      expect(play(packets, { mixed }).tracks).toMatchObject([{ ...clean, missingFrames: 25, gaps: 1 }]);
  });
});

describe('a participant who is not dominant for 3 s', () => {
  const packets = steady({ count: 400, delayMs: (k) => 50 + (k % 2) * 6 }).filter((_, k) => k < 100 || k >= 250);

  it('has paused, when unmixed: nothing is missing', () => {
    const { tracks } = play(packets, { mixed: false });
    expect(tracks).toMatchObject([{ ...clean, frames: 250, pauses: 1, jitterCount: 248 }]);
    expect(tracks[0]!.jitter[100]).toBe(tracks[0]!.jitter[99]);
  });

  it('is 150 lost frames, when mixed', () => {
    const { tracks } = play(packets);
    expect(tracks).toMatchObject([{ ...clean, missingFrames: 150, gaps: 1, jitterCount: 248 }]);
  });
});
