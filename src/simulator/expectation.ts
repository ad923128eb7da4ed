/**
 * What a receiver that counts correctly must have counted for one participant, by the simplest rule that can be written
 * down, from the order of sending alone. Shares no code with the gateway on purpose: it is its judge. Pure; any thread.
 * Invariant: every frame noted is in `frames`; frames - duplicateFrames = distinct frames sent.
 */
import { frameDurationMs, idleGapMs, timelineJumpMsMax } from '../base/limits.ts';

export interface FrameCounts {
  /** Audio messages. */
  frames: number;
  /** Those flagged silent. */
  silentFrames: number;
  /** Frames of 20 ms between the furthest so far and one that came more than one further. */
  missingFrames: number;
  /** Times that frames were missing. */
  gaps: number;
  /** Those that had come before. */
  duplicateFrames: number;
  /** Those that came behind a later one. */
  outOfOrderFrames: number;
}

export function zeroCounts(): FrameCounts {
  return { frames: 0, silentFrames: 0, missingFrames: 0, gaps: 0, duplicateFrames: 0, outOfOrderFrames: 0 };
}

export function addCounts(sum: FrameCounts, counts: FrameCounts): void {
  for (const name of Object.keys(sum) as (keyof FrameCounts)[]) sum[name] += counts[name];
}

export class Expectation {
  readonly counts: FrameCounts = zeroCounts();
  /** The first and the highest frame sent so far, or -1. */
  first = -1;
  highest = -1;
  private readonly lossFramesMax: number;
  /** One bit a frame: sent at least once. */
  private readonly seen: Uint8Array;

  constructor(frameCount: number, mixed: boolean) {
    // A participant who is not heard for longer has paused (unmixed), or the clock was set: no loss.
    this.lossFramesMax = (mixed ? timelineJumpMsMax : idleGapMs) / frameDurationMs;
    this.seen = new Uint8Array(Math.ceil(frameCount / 8));
  }

  /** A message with frame `index` was sent. */
  note(index: number, silent: boolean): void {
    const { counts } = this;
    counts.frames++;
    if (silent) counts.silentFrames++;
    if (this.first === -1) this.first = index;
    else if (index <= this.highest) {
      if (this.has(index)) counts.duplicateFrames++;
      else counts.outOfOrderFrames++;
    } else {
      const missing = index - this.highest - 1;
      if (missing > 0 && missing <= this.lossFramesMax) {
        counts.missingFrames += missing;
        counts.gaps++;
      }
    }
    if (index > this.highest) this.highest = index;
    this.seen[index >> 3]! |= 1 << (index & 7);
  }

  has(index: number): boolean {
    return (this.seen[index >> 3]! & (1 << (index & 7))) !== 0;
  }
}
