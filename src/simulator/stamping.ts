/**
 * The timestamps of one participant, as a bot makes them that stamps what it receives: delayed, by a coarse clock, by one that
 * drifts. They never go back from one frame to the next. Pure; any thread. Invariant: a function of the seed and the frame alone.
 */
import { frameDurationMs } from '../base/limits.ts';
import { deriveKey, purposes, uniformAt } from './random.ts';

/** How far timestamps are from steps of exactly 20 ms. Nothing is lost for any of it. */
export interface Stamping {
  /** Each is late by 0 to so many milliseconds. */
  readonly stampJitterMs: number;
  /** The clock shows multiples of so many milliseconds since the call's first frame; 0: every instant. */
  readonly stampGridMs: number;
  /** The clock is so many millionths too fast. */
  readonly stampDriftPpm: number;
}

export class StampPlan {
  /** There is more to them than whole milliseconds. */
  readonly isFine: boolean;
  private readonly stamping: Stamping;
  private readonly key: number;
  /** So many frames before one may have been delayed to behind it. */
  private readonly framesBack: number;

  constructor(seed: number, call: number, participant: number, stamping: Stamping) {
    this.stamping = stamping;
    this.key = deriveKey(seed, purposes.stampJitter, call, participant);
    this.framesBack = Math.ceil(stamping.stampJitterMs / frameDurationMs);
    this.isFine = stamping.stampJitterMs > 0 || stamping.stampGridMs > 0 || stamping.stampDriftPpm !== 0;
  }

  /** Of frame `index`, in ms since the call's first one was due. */
  at(index: number): number {
    if (!this.isFine) return index * frameDurationMs;
    const { stampJitterMs, stampGridMs, stampDriftPpm } = this.stamping;
    let receivedMs = 0;
    for (let frame = Math.max(0, index - this.framesBack); frame <= index; frame++) {
      const delayMs = uniformAt(this.key, frame) * stampJitterMs;
      receivedMs = Math.max(receivedMs, frame * frameDurationMs + delayMs);
    }
    const shownMs = receivedMs * (1 + stampDriftPpm / 1e6);
    return stampGridMs > 0 ? Math.floor(shownMs / stampGridMs) * stampGridMs : shownMs;
  }
}
