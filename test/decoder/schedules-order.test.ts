/**
 * The measurement against schedules in which order, packets and participants vary: repeated, exchanged and late packets, set
 * clocks, other formats, several participants; and combinations of all that, drawn.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../support/seed.ts';
import { play } from './schedule-rig.ts';
import { type Packet, steady } from './schedules.ts';
import { drawnSchedule } from './schedules-drawn.ts';

const clean = { missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0, pauses: 0, silentFrames: 0 };

/** The packets with numbers in this order; each arrives when the one that belongs at its place would. */
function reordered(packets: readonly Packet[], order: readonly number[]): Packet[] {
  return order.map((number, place) => ({ ...packets[number]!, arrivalMs: packets[place]!.arrivalMs }));
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe('packets that come again', () => {
  it('are duplicates, each time, and J learns nothing from them', () => {
    const packets = steady({ count: 200 }).flatMap((packet) => Array(1 + (packet.number % 3)).fill(packet) as Packet[]);
    const [track] = play(packets).tracks;
    expect(track).toMatchObject({ ...clean, frames: 399, duplicateFrames: 199, jitterCount: 199, jitterWorst: 0 });
  });

  it.each([1, 31, 32, 33, 63])('are known as such %i packets later', (later) => {
    const order = [...numbers(0, 100), 99 - later, ...numbers(100, 120)];
    const [track] = play(reordered(steady({ count: 121 }), order)).tracks;
    expect(track).toMatchObject({ ...clean, frames: 121, duplicateFrames: 1 });
  });
});

describe('packets that come late', () => {
  it('by one place: each swap is a missing frame, a gap and a frame out of order, and nothing is lost', () => {
    const order = numbers(0, 201).map((n) => (n % 10 === 4 ? n + 1 : n % 10 === 5 ? n - 1 : n));
    const [track] = play(reordered(steady({ count: 201 }), order)).tracks;
    expect(track).toMatchObject({ ...clean, frames: 201, missingFrames: 20, gaps: 20, outOfOrderFrames: 20 });
    // Neither of the two that were exchanged follows its predecessor, nor does the one behind them.
    expect(track!.jitterCount).toBe(200 - 3 * 20);
    expect(track!.jitterWorst).toBe(0);
  });

  it.each([1, 31, 32, 33, 63])('by %i places are out of order once, then duplicates', (later) => {
    const late = 99 - later;
    const order = [...numbers(0, late), ...numbers(late + 1, 100), late, late, ...numbers(100, 120)];
    const [track] = play(reordered(steady({ count: 122 }), order)).tracks;
    const counts = { missingFrames: 1, gaps: 1, outOfOrderFrames: 1, duplicateFrames: 1 };
    expect(track).toMatchObject({ ...clean, frames: 121, ...counts });
  });

  it.each([30, 31, 32, 33, 60])('from before a hole of %i packets are not taken for repeated ones', (hole) => {
    const order = [...numbers(0, 11), 11 + hole, 10, 12, 9, 12, ...numbers(12 + hole, 100)];
    const [track] = play(reordered(steady({ count: 120 }), order)).tracks;
    const counts = { missingFrames: hole, gaps: 1, duplicateFrames: 3, outOfOrderFrames: 1 };
    expect(track).toMatchObject({ ...clean, ...counts });
  });

  it.each([64, 65, 200])('by %i places and alone are out of order, and no false gap follows', (later) => {
    const late = 299 - later;
    const order = [...numbers(0, late), ...numbers(late + 1, 300), late, ...numbers(300, 350)];
    for (const mixed of [true, false]) {
      const [track] = play(reordered(steady({ count: 350 }), order), { mixed }).tracks;
      expect(track).toMatchObject({ ...clean, frames: 350, missingFrames: 1, gaps: 1, outOfOrderFrames: 1 });
      expect(track!.jitterWorst).toBe(0);
    }
  });

  it('by far, two of them that do not follow each other, are no set clock', () => {
    const order = [...numbers(0, 100), ...numbers(101, 110), ...numbers(111, 300), 100, 110, ...numbers(300, 350)];
    const [track] = play(reordered(steady({ count: 350 }), order)).tracks;
    expect(track).toMatchObject({ ...clean, frames: 350, missingFrames: 2, gaps: 2, outOfOrderFrames: 2 });
  });
});

describe("a sender's clock that is set", () => {
  const setBy = (ms: number) =>
    steady({ count: 200, delayMs: (k) => 50 + (k % 3) }).map((packet) =>
      packet.number < 100 ? packet : { ...packet, clockMs: ms, timestampMs: packet.timestampMs + ms },
    );

  it.each([121_000, 3_600_000])('forward by %i ms: one clock step, nothing missing', (ms) => {
    for (const mixed of [true, false]) {
      const [track] = play(setBy(ms), { mixed }).tracks;
      expect(track).toMatchObject({ ...clean, frames: 200, jitterCount: 198 });
    }
  });

  it.each([-1320, -3_600_000])('back by %i ms: one clock step, and a frame that seems late before it shows', (ms) => {
    for (const mixed of [true, false]) {
      const [track] = play(setBy(ms), { mixed }).tracks;
      expect(track).toMatchObject({ ...clean, frames: 200, outOfOrderFrames: 1, jitterCount: 197 });
    }
  });

  it('back, and the first frame after that comes again: it is known as a duplicate', () => {
    const order = [...numbers(0, 102), 100, ...numbers(102, 150)];
    const [track] = play(reordered(setBy(-3_600_000), order)).tracks;
    expect(track).toMatchObject({ ...clean, frames: 151, outOfOrderFrames: 1, duplicateFrames: 1 });
  });
});

describe('another format', () => {
  const shapes = [20, 40, 100].flatMap((packetMs) => [
    { packetMs, sampleRate: 16_000 as const },
    { packetMs, sampleRate: 24_000 as const },
  ]);

  it.each(shapes)('of packets of $packetMs ms at $sampleRate Hz is measured by its own length', (shape) => {
    const { packetMs } = shape;
    const framesEach = packetMs / 20;
    const packets = steady({ count: 100, packetMs, delayMs: (k) => 80 + (k % 2) * 5, silent: (k) => k % 4 === 0 });
    const order = [...numbers(0, 20), 21, 20, 22, 22, ...numbers(26, 100)];
    const { tracks, deviation } = play(reordered(packets, order), shape);
    expect(tracks).toMatchObject([
      {
        frames: 98 * framesEach,
        silentFrames: 24 * framesEach,
        missingFrames: 4 * framesEach,
        gaps: 2,
        duplicateFrames: framesEach,
        outOfOrderFrames: framesEach,
      },
    ]);
    // Six packets follow no neighbour: the first, both of the swap, those behind it and behind the hole, the repeated one.
    expect(deviation.buckets.reduce((sum, n) => sum + n, 0)).toBe(98 - 6);
  });
});

describe('several participants', () => {
  it('are measured each for itself, whatever comes between', () => {
    const calm = steady({ count: 150, participant: 1 });
    const shaky = steady({ count: 150, participant: 2, delayMs: (k) => 57 + (k % 2) * 6 });
    const lossy = steady({ count: 150, participant: 3, delayMs: () => 61 }).filter((_, k) => k % 5 !== 3);
    const packets = [...calm, ...shaky, ...lossy].sort((a, b) => a.arrivalMs - b.arrivalMs);
    const { tracks } = play(packets, { mixed: false });
    expect(tracks.map((track) => [track.frames, track.missingFrames])).toEqual([
      [150, 0],
      [150, 0],
      [120, 30],
    ]);
    expect(tracks.map((track) => Math.round(track.jitterWorst * 1000) / 1000)).toEqual([0, 6, 0]);
  });
});

describe('any combination', () => {
  it('is counted and measured exactly', () => {
    fc.assert(
      fc.property(drawnSchedule, (schedule) => {
        play(schedule.packets, schedule);
      }),
      seeded({ numRuns: 300 }),
    );
  });
});
