/**
 * Calls whose timestamps wander and of which messages were really lost, at the pace of a call: what is sent, and what must be
 * said of it, written down without the decoder. Events lie further apart than half a second, so that each can settle.
 */
import { type Stamping, StampPlan } from '../../src/simulator/stamping.ts';
import { generator } from '../support/seed.ts';

/** Pauses are missing frames of mixed audio, and of unmixed audio a participant who was not dominant. */
export type Hole = 'single' | 'burst' | 'pause';

export interface LossyCall {
  readonly name: string;
  readonly unmixed: boolean;
  /** Of each frame that is sent: when it is due and what its timestamp says, in ms since the call's first one was due. */
  readonly dueMs: readonly number[];
  readonly stampsMs: readonly number[];
  /** Holes: before which of the frames that are sent, and how many are missing; 0: nobody would call it a loss. */
  readonly holes: readonly { readonly before: number; readonly missing: number }[];
  readonly pauses: number;
}

const frameMs = 20;
/** Until it is known how the stamps wander; then between two holes; and behind the last one. */
const calmFrames = 50;
/** A loss is settled by a frame that comes so much later than the first one behind it: half a second, and until a coarse clock ticks. */
const settleMs = 540;

export const lossyStampings: Readonly<Record<string, Stamping>> = {
  'exact stamps': { stampJitterMs: 0, stampGridMs: 0, stampDriftPpm: 0 },
  'stamps late by up to 10 ms': { stampJitterMs: 10, stampGridMs: 0, stampDriftPpm: 0 },
  'stamps late by up to 40 ms': { stampJitterMs: 40, stampGridMs: 0, stampDriftPpm: 0 },
  'stamps late by up to 60 ms': { stampJitterMs: 60, stampGridMs: 0, stampDriftPpm: 0 },
  'a grid of 15.625 ms': { stampJitterMs: 0, stampGridMs: 15.625, stampDriftPpm: 0 },
  'a grid of 33 ms': { stampJitterMs: 0, stampGridMs: 33, stampDriftPpm: 0 },
  'a clock that is 500 ppm too fast': { stampJitterMs: 0, stampGridMs: 0, stampDriftPpm: 500 },
  'a clock that is 500 ppm too slow, in whole ms': { stampJitterMs: 0, stampGridMs: 1, stampDriftPpm: -500 },
  'all of it': { stampJitterMs: 20, stampGridMs: 15.625, stampDriftPpm: 400 },
};

export function drawLossyCall(name: string, seed: number, unmixed: boolean, frames: number): LossyCall {
  const random = generator(seed);
  const plan = new StampPlan(seed, 0, 0, lossyStampings[name]!);
  // Somewhere in the clock's ticks.
  const first = Math.floor(random() * 100);
  const dueMs: number[] = [];
  const stampsMs: number[] = [];
  const holes: { before: number; missing: number }[] = [];
  let pauses = 0;
  let nextHole = calmFrames;
  for (let slot = 0; dueMs.length < frames; slot++) {
    const n = dueMs.length;
    if (n === nextHole && n <= frames - calmFrames) {
      const hole = (['single', 'burst', 'burst', 'pause'] as const)[Math.floor(random() * 4)]!;
      // A pause is longer than half a second, and a loss shorter, whatever the stamps say.
      const steps = { single: 1, burst: 2 + Math.floor(random() * 19), pause: 30 + Math.floor(random() * 40) }[hole];
      slot += steps;
      const isPause = unmixed && hole === 'pause';
      if (isPause) pauses++;
      holes.push({ before: n, missing: isPause ? 0 : steps });
      nextHole = n + calmFrames + Math.floor(random() * 20);
    }
    dueMs.push(slot * frameMs);
    stampsMs.push(plan.at(first + slot) - first * frameMs);
  }
  return { name, unmixed, dueMs, stampsMs, holes, pauses };
}

/** How many frames may be said to be missing of a call of which `received` frames surely came, and at most `sent`. */
export function missingBounds({ holes, dueMs }: LossyCall, received: number, sent: number) {
  let [least, most] = [0, 0];
  for (const { before, missing } of holes) {
    if (missing === 0) continue;
    // Right to one frame.
    const isSettled = received > before && dueMs[received - 1]! - dueMs[before]! >= settleMs;
    if (isSettled) least += missing - 1;
    if (sent > before) most += missing + 1;
  }
  return { least, most };
}

/** How far a length is off: of what was spoken, or of what the timestamps say, whatever is closer. */
export function lengthFaultMs({ dueMs, stampsMs }: LossyCall, lengthMs: number): number {
  const spokenMs = dueMs.at(-1)! + frameMs;
  const stampedMs = stampsMs.at(-1)! - stampsMs[0]! + frameMs;
  const [leastMs, mostMs] = spokenMs < stampedMs ? [spokenMs, stampedMs] : [stampedMs, spokenMs];
  return lengthMs < leastMs ? lengthMs - leastMs : Math.max(0, lengthMs - mostMs);
}
