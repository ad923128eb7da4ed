/** What was learnt of a participant's timestamps, as it stands in the ring's header. Worker thread. */
import { ring } from './layout.ts';
import { inDoubles } from './offsets.ts';
import type { RingFigures } from './ring-figures.ts';

const { highestTimestampMs: highestTimestampMsAt, originMs: originMsAt, unsettled: unsettledAt } = inDoubles(ring);

/** What each of them means: `decoder/stamp-state.ts`. */
export interface Stamps {
  highestMs: number;
  originMs: number;
  leastTransitMs: number;
  learnt: number;
  wanderMs: number;
  sameMs: number;
  isCoarse: boolean;
  isAnchored: boolean;
  lateStamps: number;
  lateLeastMs: number;
  lateMostMs: number;
  lateTransitMs: number;
  transitBeforeMs: number;
  lateSinceMs: number;
  lateRuns: number;
  earlyStamps: number;
  earlyLeastMs: number;
  doubtfulSteps: number;
  doubtfulGaps: number;
  doubtfulStamps: number;
  doubtedMs: number;
  heldSteps: number;
  displacedSteps: number;
}

export function loadStamps({ f64, double }: RingFigures, into: Stamps): void {
  into.highestMs = f64[double + highestTimestampMsAt]!;
  let field = double + originMsAt;
  into.originMs = f64[field++]!;
  into.leastTransitMs = f64[field++]!;
  into.learnt = f64[field++]!;
  into.wanderMs = f64[field++]!;
  into.sameMs = f64[field++]!;
  into.isCoarse = f64[field++]! > 0;
  into.isAnchored = f64[field++]! > 0;
  into.lateStamps = f64[field++]!;
  into.lateLeastMs = f64[field++]!;
  into.lateMostMs = f64[field++]!;
  into.lateTransitMs = f64[field++]!;
  into.transitBeforeMs = f64[field++]!;
  into.lateSinceMs = f64[field++]!;
  into.lateRuns = f64[field++]!;
  into.earlyStamps = f64[field++]!;
  into.earlyLeastMs = f64[field++]!;
  into.doubtfulSteps = f64[field++]!;
  into.doubtfulGaps = f64[field++]!;
  into.doubtfulStamps = f64[field++]!;
  into.doubtedMs = f64[field++]!;
  into.heldSteps = f64[field++]!;
  into.displacedSteps = f64[field++]!;
}

/** `isSettled`: they are regular, and nothing is open. */
export function storeStamps({ f64, double }: RingFigures, from: Stamps, isSettled: boolean): void {
  f64[double + highestTimestampMsAt] = from.highestMs;
  f64[double + unsettledAt] = isSettled ? 0 : 1;
  let field = double + originMsAt;
  f64[field++] = from.originMs;
  f64[field++] = from.leastTransitMs;
  f64[field++] = from.learnt;
  f64[field++] = from.wanderMs;
  f64[field++] = from.sameMs;
  f64[field++] = from.isCoarse ? 1 : 0;
  f64[field++] = from.isAnchored ? 1 : 0;
  f64[field++] = from.lateStamps;
  f64[field++] = from.lateLeastMs;
  f64[field++] = from.lateMostMs;
  f64[field++] = from.lateTransitMs;
  f64[field++] = from.transitBeforeMs;
  f64[field++] = from.lateSinceMs;
  f64[field++] = from.lateRuns;
  f64[field++] = from.earlyStamps;
  f64[field++] = from.earlyLeastMs;
  f64[field++] = from.doubtfulSteps;
  f64[field++] = from.doubtfulGaps;
  f64[field++] = from.doubtfulStamps;
  f64[field++] = from.doubtedMs;
  f64[field++] = from.heldSteps;
  f64[field++] = from.displacedSteps;
}
