/**
 * The newest packet of a participant, and which of the last 64 steps before it were seen, in the ring's header. Worker thread.
 */
import { bytesPerSample } from '../base/limits.ts';
import type { RingFigures } from '../memory/ring-figures.ts';

export function samplesOf(pcmBytes: number): number {
  return pcmBytes / bytesPerSample;
}

/** Makes the packet the newest one, `steps` behind the last. */
export function advance(
  ring: RingFigures,
  steps: number,
  timestampMs: number,
  position: number,
  pcmBytes: number,
): void {
  const { windowLow, windowHigh } = ring;
  if (steps < 32) ring.setWindow((windowLow << steps) | 1, (windowHigh << steps) | (windowLow >>> (32 - steps)));
  else ring.setWindow(1, steps < 64 ? windowLow << (steps - 32) : 0);
  ring.newestTimestampMs = timestampMs;
  ring.newestPositionSamples = position;
  ring.newestSamples = samplesOf(pcmBytes);
}

export function isSeen(ring: RingFigures, behind: number): boolean {
  return ((behind < 32 ? ring.windowLow : ring.windowHigh) & (1 << (behind & 31))) !== 0;
}

export function markSeen(ring: RingFigures, behind: number): void {
  const bit = 1 << (behind & 31);
  if (behind < 32) ring.setWindow(ring.windowLow | bit, ring.windowHigh);
  else ring.setWindow(ring.windowLow, ring.windowHigh | bit);
}

/** The steps that were left out never were any. */
export function markAllSeen(ring: RingFigures): void {
  ring.setWindow(-1, -1);
}
