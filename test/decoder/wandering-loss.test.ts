/** Timestamps that wander while messages are really lost: how many, and that half a second is enough to know it. */
import { describe, expect, it } from 'vitest';
import { StampPlan } from '../../src/simulator/stamping.ts';
import { generator, seed } from '../support/seed.ts';
import { drawLossyCall, type LossyCall, lengthFaultMs, lossyStampings, missingBounds } from './lossy-stamps.ts';
import { frameMs, play } from './stamp-schedules.ts';

const calmFrames = 50;

/** A call of which `lost` frames are lost at once after two seconds; `stampOf` by the time of a frame. */
function callWithHole(lost: number, stampOf: (atMs: number, n: number) => number) {
  return Array.from({ length: 160 }, (_, n) => {
    const slot = n < 100 ? n : n + lost;
    return { stampMs: stampOf(slot * 20, slot), arrivalMs: slot * 20, number: n };
  });
}

/** How many frames are known to be missing when so many have come. */
function missingAfter(call: ReturnType<typeof callWithHole>, frames: number): number {
  return play(call.slice(0, frames)).missing;
}

describe('half a second after frames are lost it is known how many', () => {
  // The first stamp behind the hole, and as many as half a second has; then a coarse clock has to tick.
  const settledFrames = 100 + 25 + 3;

  it.each([
    [33, 5],
    [33, 2],
    [40, 5],
    [50, 12],
  ])('by a clock that ticks every %d ms: %d frames', (tickMs, lost) => {
    const call = callWithHole(lost, (atMs) => Math.floor((atMs + 7) / tickMs) * tickMs);
    expect(missingAfter(call, 100)).toBe(0);
    expect(Math.abs(missingAfter(call, settledFrames) - lost)).toBeLessThanOrEqual(1);
    expect(Math.abs(missingAfter(call, 160) - lost)).toBeLessThanOrEqual(1);
  });

  it.each([7, 8, 9, 10])('when only some of the stamps lie beyond all wander: %d frames', (lost) => {
    // Delays of 0 to 48 ms in an order that repeats itself, in which the most come late.
    const call = callWithHole(lost, (atMs, n) => atMs + ((n * 7) % 13) * 4);
    expect(missingAfter(call, 100)).toBe(0);
    expect(Math.abs(missingAfter(call, settledFrames) - lost)).toBeLessThanOrEqual(1);
  });
});

it.each(Object.keys(lossyStampings))('%s: all losses are counted, and nothing else, in time', (name) => {
  const unsettled: string[] = [];
  let holes = 0;
  for (let n = 0; n < 8; n++) {
    const call = drawLossyCall(name, seed + n, n % 2 === 1, 350);
    const told = `seed ${seed} + ${n}`;
    const sent = call.dueMs.map((arrivalMs, number) => ({ stampMs: call.stampsMs[number]!, arrivalMs, number }));
    const missingOf = (frames: number) => {
      const { missing, late } = play(sent.slice(0, frames), { unmixed: call.unmixed });
      return missing - late;
    };
    const played = play(sent, { unmixed: call.unmixed });
    expect(played, told).toMatchObject({ duplicates: 0, pauses: call.pauses, clockSteps: 0, overlaps: false });
    expect(played.order, told).toEqual(sent.map(({ number }) => number));
    expect(Math.abs(lengthFaultMs(call, played.lengthMs)), told).toBeLessThanOrEqual(20);
    expectWithin(missingOf(350), call, 350, told);
    for (const { before } of call.holes) {
      holes++;
      const frames = before + 28;
      const { least, most } = missingBounds(call, frames, frames);
      const missing = missingOf(frames);
      if (missing < least || missing > most)
        unsettled.push(`${told}, hole at ${before}: ${missing}, not ${least} to ${most}`);
    }
  }
  // By accident stamps that were late before a loss look like those behind it.
  expect(unsettled.length, unsettled.join('\n')).toBeLessThanOrEqual(holes / 20);
});

function expectWithin(missing: number, call: LossyCall, frames: number, told: string): void {
  const { least, most } = missingBounds(call, frames, frames);
  expect(missing, told).toBeGreaterThanOrEqual(least);
  expect(missing, told).toBeLessThanOrEqual(most);
}

it.each([
  ['stamps late by up to 20 ms', { stampJitterMs: 20, stampGridMs: 0, stampDriftPpm: 0 }],
  ['stamps late by up to 30 ms', { stampJitterMs: 30, stampGridMs: 0, stampDriftPpm: 0 }],
  ['stamps late by up to 40 ms', { stampJitterMs: 40, stampGridMs: 0, stampDriftPpm: 0 }],
  ['a grid of 15.625 ms', { stampJitterMs: 0, stampGridMs: 15.625, stampDriftPpm: 0 }],
])(
  '%s: of an hour with a loss every ten seconds, by chance, no more than one frame in a hundred is overlooked',
  (name, stamping) => {
    let [lost, overlooked] = [0, 0];
    for (let part = 0; part < 6; part++) {
      const random = generator(seed + part);
      const plan = new StampPlan(seed + part, 0, 0, stamping);
      const sent: { stampMs: number; arrivalMs: number; number: number }[] = [];
      let skipped = 0;
      for (let slot = 0; slot < 30_000; slot++) {
        // Until it is known how the stamps wander.
        if (slot > calmFrames && random() < 0.002) skipped++;
        else sent.push({ stampMs: plan.at(slot), arrivalMs: slot * frameMs, number: sent.length });
      }
      const lastGap = 30_000 - 1 - sent.at(-1)!.arrivalMs / frameMs;
      lost += skipped - lastGap;
      overlooked += Math.abs(play(sent).missing - (skipped - lastGap));
    }
    expect(overlooked, `${name}, seed ${seed}: of ${lost}`).toBeLessThanOrEqual(lost / 100);
  },
);
