/** The verdict of the timeline on one packet. Worker thread. */
import { frameFlag } from '../memory/states.ts';

/** A packet's PCM, before it is published. */
export class Pcm {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  length = 0;
  durationMs = 0;
}

/** Reused. */
export class Placement {
  /** The next packet in order, and nothing else to say of it: but for these, all fields are as `clear` leaves them. */
  isPlain = false;
  /** Bits of `frameFlag`: duplicate, late, resumed. */
  flags = 0;
  /** Frames of 20 ms that are known from now on not to have come. */
  missingFrames = 0;
  /** In so many gaps. */
  gaps = 0;
  /** Where the packet's first sample belongs, in samples since the participant's first frame. */
  positionSamples = 0;
  /** Follows the newest without a hole, and nothing late came between: their distance says something about jitter. */
  consecutive = false;
  /** The participant was not dominant for a while, or on hold, and so long. */
  isPause = false;
  pauseFrames = 0;
  /** ACS's clock was set. */
  isClockStep = false;
  /** There is no timestamp, or none that says when. */
  isUnusable = false;
  /** How far the timestamp lies off the participant's own grid, `onGrid`, or NaN when there is nothing to compare with. */
  wanderMs = Number.NaN;

  /** The next packet of a participant whose stamps are regular, as nearly all are. */
  setPlain(consecutive: boolean, positionSamples: number, wanderMs: number): void {
    if (!this.isPlain) {
      this.clear();
      this.isPlain = true;
    }
    this.consecutive = consecutive;
    this.positionSamples = positionSamples;
    this.wanderMs = wanderMs;
  }

  clear(): void {
    this.isPlain = false;
    this.flags = 0;
    this.missingFrames = 0;
    this.gaps = 0;
    this.consecutive = false;
    this.isPause = false;
    this.isClockStep = false;
    this.isUnusable = false;
    this.wanderMs = Number.NaN;
  }

  resume(frames: number): void {
    this.isPause = true;
    this.pauseFrames = frames;
    this.flags = frameFlag.resumed;
  }

  /** What was taken for a pause is a loss after all. */
  countAsLoss(): void {
    this.isPause = false;
    this.missingFrames += this.pauseFrames;
    this.gaps++;
    this.flags &= ~frameFlag.resumed;
  }
}
