/** What became of one stream's frames; adds the same to the totals of all. Main thread. */
import type { DiscardReason, PlaybackTotals } from './totals.ts';

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
