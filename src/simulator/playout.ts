/**
 * ACS's queue with ACS's clock: what comes early waits and is played in order at the pace of real time, StopAudio empties it. Pure;
 * any thread; only numbers, the audio itself is not held. A frame of 20 ms that has begun is heard to its end. Invariant: received =
 * heard + cleared + overrun + unplayed + queued, in bytes, after every call.
 */
import { bytesPerSample, frameBytes, frameDurationMs } from '../base/limits.ts';
import type { HeardCounts } from './heard-counts.ts';
import type { StepHistogram } from './lateness.ts';

/** A longer silence ends an utterance: what comes after it was not late. */
export const pauseMs = 500;
/** What ACS holds is not documented; a server that is so far ahead is not pacing at all. */
export const queueMsMax = 120_000;

export class Playout {
  private readonly counts: HeardCounts;
  private readonly depth: StepHistogram;
  private readonly frameBytes: number;
  private readonly bytesPerMs: number;
  private readonly startAt: number;
  /** When the first byte that waits is played, or would be if it came: the end of what has been heard. */
  private headAt: number;
  private queuedBytes = 0;
  private isSpeaking = false;
  private arrivedAt = 0;
  private endByte = 0;

  /** `startAt`: when the call began, on the clock that gives every `now`. `depth` gets the length of the queue at each arrival, in ms. */
  constructor(sampleRate: number, startAt: number, counts: HeardCounts, depth: StepHistogram) {
    this.counts = counts;
    this.depth = depth;
    this.frameBytes = frameBytes(sampleRate);
    this.bytesPerMs = this.frameBytes / frameDurationMs;
    this.startAt = startAt;
    this.headAt = startAt;
  }

  /** When everything that came so far will have been played. */
  get emptyAt(): number {
    return this.headAt + this.queuedBytes / this.bytesPerMs;
  }

  /** How much has been played, with all of the frame that is being played. */
  playedMs(now: number): number {
    this.advance(now);
    return this.counts.heardBytes / this.bytesPerMs;
  }

  /** Moves what has begun by now from the queue to what is heard. */
  private advance(now: number): void {
    if (this.queuedBytes === 0 || now < this.headAt) return;
    const begunFrames = Math.floor((now - this.headAt) / frameDurationMs) + 1;
    const bytes = Math.min(this.queuedBytes, begunFrames * this.frameBytes);
    this.queuedBytes -= bytes;
    this.headAt += bytes / this.bytesPerMs;
    this.counts.heardBytes += bytes;
  }

  /** Takes audio in. Returns where in the call it will be heard, as bytes from its beginning, or -1: the queue is full. */
  push(byteCount: number, now: number): number {
    const counts = this.counts;
    this.advance(now);
    counts.receivedBytes += byteCount;
    if (this.queuedBytes + byteCount > queueMsMax * this.bytesPerMs) {
      counts.overrunBytes += byteCount;
      return -1;
    }
    const silentMs = now - this.headAt;
    const isDry = this.queuedBytes === 0 && silentMs > 0;
    if (!this.isSpeaking || (isDry && silentMs > pauseMs)) {
      counts.utterances++;
      this.isSpeaking = true;
    } else {
      if (isDry) {
        counts.underruns++;
        counts.underrunMs += silentMs;
      }
      counts.pacedMs += now - this.arrivedAt;
      counts.pacedBytes += byteCount;
    }
    if (isDry) {
      this.headAt = now;
      this.endByte = Math.max(this.endByte, this.byteAt(now));
    }
    const at = this.endByte;
    this.arrivedAt = now;
    this.queuedBytes += byteCount;
    this.endByte += byteCount;
    this.depth.record(this.emptyAt - now, 1);
    return at;
  }

  /** Empties the queue. Returns where in the call the last that is heard ends. */
  stop(now: number): number {
    this.counts.stops++;
    this.counts.clearedBytes += this.empty(now);
    return this.endByte;
  }

  /** The call is over; returns the same. */
  end(now: number): number {
    this.counts.unplayedBytes += this.empty(now);
    return this.endByte;
  }

  private empty(now: number): number {
    this.advance(now);
    const bytes = this.queuedBytes;
    this.queuedBytes = 0;
    this.endByte -= bytes;
    this.isSpeaking = false;
    return bytes;
  }

  /** Bytes from the beginning of the call as a time. */
  msOf(bytes: number): number {
    return bytes / this.bytesPerMs;
  }

  /** A time as bytes from the beginning of the call, between two samples. */
  byteAt(now: number): number {
    return Math.round(((now - this.startAt) * this.bytesPerMs) / bytesPerSample) * bytesPerSample;
  }
}
