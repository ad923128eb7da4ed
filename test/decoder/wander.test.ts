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
