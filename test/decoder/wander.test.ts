/**
 * Timestamps that are receive times: they wander, are quantised and drift, while nothing is lost. Played through the whole
 * decoder; what must hold is written down without it.
 */
import { describe, expect, it } from 'vitest';
import { generator, seed } from '../support/seed.ts';
import { usableDecoders } from './rig.ts';
import { draw, events, frameMs, play, playAll, wanderCases } from './stamp-schedules.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const clean = { missing: 0, gaps: 0, duplicates: 0, late: 0, clockSteps: 0, overlaps: false };

describe.each(['mixed', 'unmixed'] as const)('%s audio of which nothing is lost', (mode) => {
  const unmixed = mode === 'unmixed';

  describe.each([
    ['in real time', (n: number) => n * frameMs],
    ['all at once', () => 0],
    ['in bursts of ten', (n: number) => (n - (n % 10)) * frameMs],
  ])('that arrives %s', (_, arrivalOf) => {
    it.each(wanderCases)('is whole with stamps of this kind: $name', ({ stampsMs, timestamp, frames, durationMs }) => {
      const sent = numbers(frames).map((n) => ({ stampMs: stampsMs?.[n] ?? 0, arrivalMs: arrivalOf(n), number: n }));
      const played = play(sent, { unmixed, ...(timestamp && { timestamp: () => timestamp }) });
      expect(played).toMatchObject({ ...clean, order: numbers(frames) });
      // The stamps of one case are said to begin at 0, and begin at their first delay.
      const firstMs = stampsMs?.[0] ?? 0;
      expect(Math.abs(played.lengthMs - (durationMs - firstMs))).toBeLessThanOrEqual(frameMs);
    });
  });
});

describe('whatever the stamps, drawn at random', () => {
  it.each([
    ['nothing happens', []],
    ['frames are lost', ['loss']],
    ['there are pauses, swaps and duplicates', ['pause', 'swap', 'duplicate']],
    ['all of it happens', events],
  ] as const)('every frame is accounted for when %s', (_, happen) => {
    const count = 100;
    const { wrong, rare } = playAll(generator(seed + happen.length), count, happen);
    expect(wrong, `seed ${seed}`).toEqual([]);
    expect(rare.length, `seed ${seed}: ${rare.join('\n')}`).toBeLessThanOrEqual(count / 50);
  });
});

it('the audio keeps to stamps of a clock that is faster than ours', () => {
  const sent = numbers(6000).map((n) => ({ stampMs: n * frameMs * 1.0005, arrivalMs: n * frameMs, number: n }));
  const played = play(sent);
  expect(played).toMatchObject({ ...clean, order: numbers(6000) });
  expect(Math.abs(played.lengthMs - sent.at(-1)!.stampMs - frameMs)).toBeLessThanOrEqual(frameMs);
});

it('all decoders agree', () => {
  const { sent, unmixed } = draw(generator(seed), events);
  const [first, ...others] = usableDecoders.map((decoder) => play(sent, { unmixed, decoder }));
  for (const other of others) expect(other).toEqual(first);
});
