/** What became of one stream's frames; adds the same to the totals of all. Main thread. */
import type { DiscardReason, PlaybackTotals } from './totals.ts';

/** What became of a stream's frames: written = sent + cleared + discarded + queued. */
export interface SpeakerCounts {
  /** Taken from writers, whole frames. */
  readonly written: number;
  /** Handed to the socket. */
  readonly sent: number;
  /** Cut off by `clear` before they were sent. */
  readonly cleared: number;
  /** Neither: the stream ended, or one of the other reasons of `acs_gateway_playback_discarded_frames_total`. */
  readonly discarded: number;
  /** Waiting to be sent. */
  readonly queued: number;
  /** Times that audio came too late, so that the call heard a gap. */
  readonly underruns: number;
}

export class FrameCounts {
  sent = 0;
  cleared = 0;
  discarded = 0;
  private readonly totals: PlaybackTotals;

  constructor(totals: PlaybackTotals) {
    this.totals = totals;
  }

  addSent(frames: number): void {
    this.sent += frames;
    this.totals.sent += frames;
  }
  addCleared(frames: number): void {
    this.cleared += frames;
    this.totals.cleared += frames;
  }
  addDiscarded(frames: number, reason: DiscardReason): void {
    this.discarded += frames;
    this.totals.discarded[reason] += frames;
  }
}
