/**
 * Interarrival jitter, RFC 3550 section 6.4.1 (and appendix A.8), per participant:
 * D = (Rj - Ri) - (Sj - Si), J = J + (|D| - J) / 16, with R the arrival at our socket and S ACS's timestamp, both in ms.
 * State lives in the ring's header. A packet that does not directly follow its predecessor only sets the reference: a gap
 * says nothing about jitter, and the estimate continues from there.
 */
import type { RingFigures } from '../memory/ring-figures.ts';

/**
 * Takes one packet in. Returns the deviation of its inter-arrival time from the packet's duration, in ms, or NaN when
 * there is no predecessor to compare with. J stands at `ring.jitterMs` afterwards.
 */
export function measureArrival(
  ring: RingFigures,
  arrivalMs: number,
  timestampMs: number,
  durationMs: number,
  consecutive: boolean,
): number {
  const elapsedMs = arrivalMs - ring.referenceArrivalMs;
  const sentMs = timestampMs - ring.referenceTimestampMs;
  ring.referenceArrivalMs = arrivalMs;
  ring.referenceTimestampMs = timestampMs;
  if (!consecutive || Number.isNaN(sentMs)) return Number.NaN;

  const before = ring.jitterMs;
  const jitterMs = before + (Math.abs(elapsedMs - sentMs) - before) / 16;
  ring.jitterMs = jitterMs;
  ring.jitterSumMs += jitterMs;
  ring.jitterCount += 1;
  if (jitterMs > ring.jitterWorstMs) ring.jitterWorstMs = jitterMs;
  return Math.abs(elapsedMs - durationMs);
}
