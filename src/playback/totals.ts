/** What the main thread counts of audio sent into calls, as plain numbers. Invariant: frames written = sent + cleared + discarded + queued. */
import { Histogram, histogramDoubles } from '../memory/histogram.ts';

/** Why frames were neither sent nor cut off by their writer. */
export const discardReasons = ['stream_ended', 'stalled', 'format', 'corrupt'] as const;
export type DiscardReason = (typeof discardReasons)[number];

export const utteranceEnds = ['played', 'cleared', 'discarded'] as const;
/** How an utterance ended. */
export type UtteranceEnd = (typeof utteranceEnds)[number];

export const clearBoundsMs = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] as const;
export const leadBoundsMs = [0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 300, 500, 1000, 2000] as const;
export const pongBoundsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000] as const;

function histogram(bounds: readonly number[]): Histogram {
  return new Histogram(new Float64Array(histogramDoubles(bounds)), 0, bounds);
}
function zeros<K extends string>(keys: readonly K[]): Record<K, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<K, number>;
}

export class PlaybackTotals {
  /** Of queues that are closed. */
  written = 0;
  sent = 0;
  cleared = 0;
  readonly discarded = zeros(discardReasons);
  readonly refused = zeros(['full', 'cleared', 'ended']);
  /** Streams that were not given a way in: as many as there is memory for had one. */
  refusedStreams = 0;
  readonly utterances = zeros(utteranceEnds);
  underruns = 0;
  underrunMs = 0;
  clears = 0;
  stalls = 0;
  /** Frames that were sent, and for which there was no ring. */
  unrecorded = 0;
  readonly clear = histogram(clearBoundsMs);
  readonly lead = histogram(leadBoundsMs);
  readonly lateness = histogram(clearBoundsMs);
  readonly pong = histogram(pongBoundsMs);

  get discardedFrames(): number {
    return Object.values(this.discarded).reduce((sum, frames) => sum + frames, 0);
  }
}
