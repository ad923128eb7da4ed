/** Whether a gateway held a number of streams. Pure. */
import { quantile } from '../load/histogram.ts';
import type { Measurement } from '../load/measurement.ts';
import { isGeneratorLimit, isLoadReached, isMachineFull } from '../load/rows.ts';
import type { Verdict } from './search.ts';

export const residenceMsMax = 20;

/**
 * Held: after the warm-up nothing was dropped, everything that was due has come in, and 99 of 100 frames were in their ring
 * in time. Unknown: not so, but the load generator was at its limit, or had taken the time that the gateway needed.
 */
export function verdictOn(one: Measurement): Verdict {
  const isInTime = quantile(one.residence, 0.99) < residenceMsMax;
  const isComplete = one.dropped === 0 && one.generator.framesUnsent === 0 && isLoadReached(one);
  if (isInTime && isComplete) return 'held';
  return isGeneratorLimit(one) || isMachineFull(one) ? 'unknown' : 'failed';
}
