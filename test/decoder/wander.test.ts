/**
 * Timestamps that are receive times: they wander, are quantised and drift, while nothing is lost. Played through the whole
 * decoder; what must hold is written down without it.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frameFlag, lane } from '../../src/memory/layout.ts';
import type { RingCursor } from '../../src/ring/cursor.ts';
import { audio, iso, metadata, startMs } from '../support/decoder-messages.ts';
import { DecoderRig, readAll } from '../support/decoder-rig.ts';
import { generator, seed } from '../support/decoder-seed.ts';

interface Sent {
  readonly stampMs: number | null;
  /** When it arrives; by default a packet every 20 ms. */
  readonly arrivalMs: number;
  /** Which of the call's frames it is: its audio. */
  readonly number: number;
}

interface Played {
  readonly order: number[];
  readonly missing: number;
  readonly gaps: number;
  readonly duplicates: number;
  readonly late: number;
  readonly pauses: number;
  readonly clockSteps: number;
  /** From the first frame to the end of the last one, as a recording would be. */
  readonly lengthMs: number;
  /** Each frame's place, and whether any two overlap. */
  readonly positionsMs: number[];
  readonly overlaps: boolean;
}

const frameMs = 20;

function play(sent: readonly Sent[], { unmixed = false, timestamp = iso } = {}): Played {
  const rig = new DecoderRig({ ringCount: 1, streamCount: 1, laneHalfBytes: 16_384, ringSeconds: 1 });
  rig.feed(metadata());
  const kept: { number: number; positionMs: number }[] = [];
  let reader: RingCursor | null = null;
  for (const { stampMs, arrivalMs, number } of sent) {
    const data = Buffer.alloc(640, `${number},`).toString('base64');
    const fields = { data, timestamp: stampMs === null ? undefined : timestamp(startMs + stampMs) };
    rig.feed(audio({ ...fields, ...(unmixed && { participantRawID: 'a' }) }), { arrivalMs: 5000 + arrivalMs });
    reader ??= rig.reader(rig.rings()[0]!);
    for (const { pcm, flags, positionSamples } of readAll(reader).frames) {
      if ((flags & frameFlag.duplicate) !== 0) continue;
      kept.push({ number: Number.parseInt(pcm.toString('latin1'), 10), positionMs: positionSamples / 16 });
    }
  }
  rig.close();
  const positionsMs = kept.map(({ positionMs }) => positionMs);
  const sorted = positionsMs.toSorted((a, b) => a - b);
  return {
    order: kept.map(({ number }) => number),
    missing: rig.laneCount(lane.missingFrames),
    gaps: rig.laneCount(lane.gaps),
    duplicates: rig.laneCount(lane.duplicateFrames),
    late: rig.laneCount(lane.outOfOrderFrames),
    pauses: rig.laneCount(lane.pauses),
    clockSteps: rig.laneCount(lane.clockSteps),
    lengthMs: Math.max(...positionsMs) + frameMs,
    positionsMs,
    overlaps: sorted.some((at, i) => i > 0 && at < sorted[i - 1]! + frameMs),
  };
}

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const clean = { missing: 0, gaps: 0, duplicates: 0, late: 0, clockSteps: 0, overlaps: false };

interface Case {
  readonly name: string;
  /** Since the first one; null if all have the same `timestamp`. */
  readonly stampsMs: readonly number[] | null;
  readonly timestamp?: string;
  readonly frames: number;
  readonly missing: number;
  readonly duplicates: number;
  readonly durationMs: number;
}

const cases: Case[] = JSON.parse(readFileSync(new URL('timestamps.json', import.meta.url), 'utf8'));

describe.each(['mixed', 'unmixed'] as const)('%s audio of which nothing is lost', (mode) => {
  const unmixed = mode === 'unmixed';

  describe.each([
    ['in real time', (n: number) => n * frameMs],
    ['all at once', () => 0],
    ['in bursts of ten', (n: number) => (n - (n % 10)) * frameMs],
  ])('that arrives %s', (_, arrivalOf) => {
    it.each(cases)('is whole with stamps of this kind: $name', ({ stampsMs, timestamp, frames, durationMs }) => {
      const sent = numbers(frames).map((n) => ({ stampMs: stampsMs?.[n] ?? 0, arrivalMs: arrivalOf(n), number: n }));
      const played = play(sent, { unmixed, ...(timestamp && { timestamp: () => timestamp }) });
      expect(played).toMatchObject({ ...clean, order: numbers(frames) });
      // The stamps of one case are said to begin at 0, and begin at their first delay.
      const firstMs = stampsMs?.[0] ?? 0;
      expect(Math.abs(played.lengthMs - (durationMs - firstMs))).toBeLessThanOrEqual(frameMs);
    });
  });
});

interface Drawn {
  readonly name: string;
  readonly wanderMs: number;
  readonly arrivals: string;
  readonly sent: Sent[];
  /** Frames that were lost, and in how many places. */
  readonly lost: number;
  readonly losses: number;
}

type Random = () => number;

/** Ways in which the stamp of a frame of `atMs` comes about. All stay within `wanderMs` of a grid. */
const stampings: Readonly<Record<string, (random: Random, wanderMs: number) => (atMs: number) => number>> = {
  'a delay, in order': (random, wanderMs) => {
    let newest = 0;
    return (atMs) => {
      newest = Math.max(newest, atMs + random() * wanderMs);
      return newest;
    };
  },
  'a delay, in any order': (random, wanderMs) => (atMs) => atMs + random() * wanderMs,
  'a coarse clock': (random, wanderMs) => {
    const tickMs = Math.max(1, wanderMs);
    const phaseMs = random() * tickMs;
    return (atMs) => Math.floor((atMs + phaseMs) / tickMs) * tickMs;
  },
  'a clock that drifts': (random) => {
    const rate = 1 + (random() - 0.5) / 1000;
    return (atMs) => atMs * rate;
  },
  'a delay that comes and goes': (random, wanderMs) => {
    let until = 0;
    let scale = 0;
    return (atMs) => {
      if (atMs >= until) {
        until = atMs + random() * 3000;
        scale = random() < 0.5 ? 0 : wanderMs;
      }
      return atMs + random() * scale;
    };
  },
};

const arrivalsOf: Readonly<Record<string, (random: Random) => (atMs: number) => number>> = {
  'in real time': (random) => (atMs) => atMs + random() * 8,
  'at once': () => () => 0,
  'in bursts': (random) => {
    let heldUntil = 0;
    return (atMs) => {
      if (atMs >= heldUntil && random() < 0.01) heldUntil = atMs + random() * 1000;
      return Math.max(atMs, heldUntil);
    };
  },
};

/** Some seconds of a call; `lossRate`: how many of its frames begin a loss of 1 to 20 frames. */
function draw(random: Random, lossRate: number): Drawn {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!;
  const [name, stamping] = pick(Object.entries(stampings));
  const [arrivals, arrival] = pick(Object.entries(arrivalsOf));
  const wanderMs = pick([5, 10, 15.625, 20, 33, 40, 60, 100]);
  const stampOf = stamping(random, wanderMs);
  const arrivalOf = arrival(random);
  const sent: Sent[] = [];
  let [lost, losses, number] = [0, 0, 0];
  let calm = 0;
  while (sent.length < 400) {
    if (calm > 60 && sent.length < 360 && random() < lossRate) {
      const frames = 1 + Math.floor(random() * 20);
      lost += frames;
      losses++;
      number += frames;
      calm = 0;
    }
    const stampMs = Math.round(stampOf(number * frameMs) * 10) / 10;
    sent.push({ stampMs, arrivalMs: arrivalOf(number * frameMs), number });
    number++;
    calm++;
  }
  return { name, wanderMs, arrivals, sent, lost, losses };
}

const schedules = 300;

it('nothing is lost and nothing invented, however stamps wander', () => {
  const random = generator(seed);
  const bad: string[] = [];
  for (let n = 0; n < schedules; n++) {
    const { name, wanderMs, arrivals, sent } = draw(random, 0);
    const played = play(sent, { unmixed: n % 2 === 0 });
    const spanMs = sent.at(-1)!.stampMs! - sent[0]!.stampMs! + frameMs;
    const { missing, duplicates, late, overlaps, order, lengthMs } = played;
    const isWhole = order.every((number, i) => number === i) && order.length === sent.length;
    if (missing || duplicates || late || overlaps || !isWhole || Math.abs(lengthMs - spanMs) > frameMs + wanderMs)
      bad.push(
        `${n}: ${name} of ${wanderMs} ms, arriving ${arrivals}: ${JSON.stringify({ missing, duplicates, late, overlaps, isWhole, lengthMs, spanMs })}`,
      );
  }
  expect(bad, `seed ${seed}`).toEqual([]);
});

it('what is really lost is counted, to one frame each time', () => {
  const random = generator(seed + 1);
  const bad: string[] = [];
  for (let n = 0; n < schedules; n++) {
    const { name, wanderMs, arrivals, sent, lost, losses } = draw(random, 0.02);
    const { missing, duplicates, late, overlaps, order } = play(sent);
    const isWhole = order.join() === sent.map(({ number }) => number).join();
    if (Math.abs(missing - lost) > losses || duplicates || late || overlaps || !isWhole)
      bad.push(
        `${n}: ${name} of ${wanderMs} ms, arriving ${arrivals}: ${JSON.stringify({ missing, lost, losses, duplicates, late, overlaps, isWhole })}`,
      );
  }
  expect(bad, `seed ${seed}`).toEqual([]);
});
