/**
 * The newest packet of a participant, and which of the last 64 steps before it were seen, in the ring's header. Worker thread.
 */
import { bytesPerSample } from '../base/limits.ts';
import { ring } from '../memory/layout.ts';
import type { RingWriter } from '../ring/writer.ts';

export function samplesOf(pcmBytes: number): number {
  return pcmBytes / bytesPerSample;
}

/** Makes the packet the newest one, `steps` behind the last. */
export function advance(
  writer: RingWriter,
  steps: number,
  timestampMs: number,
  position: number,
  pcmBytes: number,
): void {
  const { i32, f64, at } = writer;
  const low = (at + ring.windowLow) / 4;
  const high = (at + ring.windowHigh) / 4;
  if (steps < 32) {
    i32[high] = (i32[high]! << steps) | (i32[low]! >>> (32 - steps));
    i32[low] = (i32[low]! << steps) | 1;
  } else {
    i32[high] = steps < 64 ? i32[low]! << (steps - 32) : 0;
    i32[low] = 1;
  }
  f64[(at + ring.newestTimestampMs) / 8] = timestampMs;
  f64[(at + ring.newestPositionSamples) / 8] = position;
  f64[(at + ring.newestSamples) / 8] = samplesOf(pcmBytes);
}

export function isSeen(writer: RingWriter, behind: number): boolean {
  const word = (writer.at + (behind < 32 ? ring.windowLow : ring.windowHigh)) / 4;
  return (writer.i32[word]! & (1 << (behind & 31))) !== 0;
}

export function markSeen(writer: RingWriter, behind: number): void {
  const word = (writer.at + (behind < 32 ? ring.windowLow : ring.windowHigh)) / 4;
  writer.i32[word]! |= 1 << (behind & 31);
}

/** The steps that were left out never were any. */
export function markAllSeen({ i32, at }: RingWriter): void {
  i32[(at + ring.windowLow) / 4] = -1;
  i32[(at + ring.windowHigh) / 4] = -1;
}
