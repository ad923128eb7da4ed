/** What a reader of rings saw of the calls beside an attack, and what that says of their delay. */

import type { Span } from './steal.ts';

/** The reader's name, and that of its log line. */
export const probeName = 'probe';
/** How often it looks: so much later than in truth a frame is seen at most, when the machine gives it a core. */
export const lookMs = 1;

/** Of one call: three numbers a frame. */
export interface Samples {
  readonly callConnectionId: string;
  /** ms on the wall's clock: when it was due at the sender, when it arrived at the gateway, when it could be read. */
  readonly frames: readonly (readonly [dueMs: number, arrivedMs: number, seenMs: number])[];
}

export interface Felt {
  readonly p99Ms: number;
  readonly worstMs: number;
}

function summary(values: readonly number[]): Felt {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(10 * (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN)) / 10;
  return { p99Ms: at(0.99), worstMs: at(1) };
}

/** What of them was due from `fromMs` to `toMs` on the wall's clock, and was not under way while there was no machine. */
export function feltBy(samples: readonly Samples[], { fromMs, toMs }: Span, stolen: readonly Span[]) {
  const all = samples.flatMap((call) => call.frames).filter(([dueMs]) => dueMs >= fromMs && dueMs < toMs);
  const frames = all.filter(([dueMs, , seenMs]) => !stolen.some((span) => span.fromMs < seenMs && dueMs < span.toMs));
  return {
    leftOut: all.length - frames.length,
    /** From the message's arrival. */
    residence: summary(frames.map(([, arrivedMs, seenMs]) => seenMs - arrivedMs)),
    /** From the moment at which the sender should have sent it. */
    lateness: summary(frames.map(([dueMs, , seenMs]) => seenMs - dueMs)),
  };
}
