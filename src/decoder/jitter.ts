/**
 * Interarrival jitter, RFC 3550 section 6.4.1 (and appendix A.8), per participant:
 * D = (Rj - Ri) - (Sj - Si), J = J + (|D| - J) / 16, with R the arrival at our socket and S ACS's timestamp, both in ms.
 * State lives in the ring's header. A packet that does not directly follow its predecessor only sets the reference: a gap
 * says nothing about jitter, and the estimate goes on from there.
 */
import { ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';

/**
 * Takes one packet in. Returns the deviation of its inter-arrival time from the packet's duration, in ms, or NaN when
 * there is no predecessor to compare with. J stands at `ring.jitterMs` afterwards.
 */
export function measureArrival(
  writer: RingWriter,
  arrivalMs: number,
  timestampMs: number,
  durationMs: number,
  consecutive: boolean,
): number {
  const { f64 } = writer;
  const base = writer.at / 8;
  const elapsedMs = arrivalMs - f64[base + ring.referenceArrivalMs / 8]!;
  const sentMs = timestampMs - f64[base + ring.referenceTimestampMs / 8]!;
  f64[base + ring.referenceArrivalMs / 8] = arrivalMs;
  f64[base + ring.referenceTimestampMs / 8] = timestampMs;
  if (!consecutive || Number.isNaN(sentMs)) return Number.NaN;

  const before = f64[base + ring.jitterMs / 8]!;
  const jitterMs = before + (Math.abs(elapsedMs - sentMs) - before) / 16;
  f64[base + ring.jitterMs / 8] = jitterMs;
  f64[base + ring.jitterSumMs / 8]! += jitterMs;
  f64[base + ring.jitterCount / 8]! += 1;
  if (jitterMs > f64[base + ring.jitterWorstMs / 8]!) f64[base + ring.jitterWorstMs / 8] = jitterMs;
  return Math.abs(elapsedMs - durationMs);
}
