/**
 * A caller who interrupts: speaks two seconds, listens, and speaks again some time after an answer is first heard, over it. Main
 * thread; no timer, for every frame of the call asks. Invariants: silent while it listens; an interruption is counted when its two
 * seconds are over, or when the call ends behind its StopAudio.
 */
import { StepHistogram } from './lateness.ts';
import { type Quantiles, quantilesOf } from './quantiles.ts';

/** How long the caller speaks, from the first sound on. */
export const turnMs = 2000;
/** When nothing is said for so long, the caller asks again. */
export const askAgainMs = 5000;

/** Of all calls. */
export class InterruptionFigures {
  count = 0;
  unstopped = 0;
  tooShort = 0;
  afterStopBytes = 0;
  readonly stop = new StepHistogram(2, turnMs);
  readonly played = new StepHistogram(2, 2 * turnMs);
}

export interface InterruptionReport {
  /** Times that the caller spoke over an answer. */
  readonly count: number;
  /** Of these, the ones without a StopAudio in the two seconds that the caller spoke. */
  readonly unstopped: number;
  /** Answers that were over before the caller would have interrupted them. */
  readonly tooShort: number;
  /** From the first audible frame of the caller, handed to the socket, to StopAudio. */
  readonly stopMs: Quantiles;
  /** How much of the server's audio was played while the caller spoke. */
  readonly playedMs: Quantiles;
  /** Audible audio between StopAudio and the end of the caller's words, in frames of 20 ms. */
  readonly framesAfterStop: number;
}

export function reportInterruptions(figures: InterruptionFigures, bytesPerFrame: number): InterruptionReport {
  const { count, unstopped, tooShort, stop, played, afterStopBytes } = figures;
  return {
    count,
    unstopped,
    tooShort,
    stopMs: quantilesOf(stop),
    playedMs: quantilesOf(played),
    framesAfterStop: Math.round((afterStopBytes / bytesPerFrame) * 1000) / 1000,
  };
}

/** What the call hears. */
export interface Earpiece {
  /** Of the server's audio, so far. */
  playedMs(now: number): number;
  /** When all that came will have been played. */
  emptyAt(): number;
}

export class Interrupter {
  private readonly afterMs: number;
  private readonly figures: InterruptionFigures;
  private readonly ear: Earpiece;
  private state: 'asking' | 'listening' | 'interrupting' = 'asking';
  /** The caller's first sound in this turn; null: none yet. */
  private spokeAt: number | null = null;
  private stoppedAt: number | null = null;
  private playedBefore = 0;
  private listensSince = 0;
  private answerAt: number | null = null;

  constructor(afterMs: number, figures: InterruptionFigures, ear: Earpiece) {
    this.afterMs = afterMs;
    this.figures = figures;
    this.ear = ear;
  }

  /** Whether the caller says what is due now. */
  isSpeaking(now: number): boolean {
    if (this.state === 'listening') this.listen(now);
    else if (this.spokeAt !== null && now - this.spokeAt >= turnMs) {
      this.finish(now);
      this.state = 'listening';
      this.listensSince = now;
      // What was not stopped is still being said.
      this.answerAt = this.ear.emptyAt() > now ? now : null;
    }
    return this.state !== 'listening';
  }

  private listen(now: number): void {
    const { answerAt } = this;
    if (answerAt === null) {
      if (now - this.listensSince >= askAgainMs) this.take('asking');
    } else if (now >= answerAt + this.afterMs) {
      if (this.ear.emptyAt() > now) this.take('interrupting');
      else {
        this.figures.tooShort++;
        this.take('asking');
      }
    }
  }

  private take(state: 'asking' | 'interrupting'): void {
    this.state = state;
    this.spokeAt = null;
    this.stoppedAt = null;
  }

  /** The caller was heard: an audible frame was handed to the socket. */
  said(now: number): void {
    if (this.spokeAt !== null || this.state === 'listening') return;
    this.spokeAt = now;
    this.playedBefore = this.ear.playedMs(now);
    if (this.state !== 'interrupting' || this.ear.emptyAt() > now) return;
    // It took the caller too long to find words.
    this.figures.tooShort++;
    this.state = 'asking';
  }

  /** The caller's first sound is still to come, so frames are to be looked at. */
  get isFindingWords(): boolean {
    return this.spokeAt === null && this.state !== 'listening';
  }

  /** Audible audio came, which will be heard at `heardAt`. */
  answered(heardAt: number, byteCount: number): void {
    if (this.state === 'listening') this.answerAt ??= heardAt;
    else if (this.stoppedAt !== null) this.figures.afterStopBytes += byteCount;
  }

  stopped(now: number): void {
    if (this.state === 'interrupting' && this.spokeAt !== null) this.stoppedAt ??= now;
    // The rest of the old answer is gone; what comes is another.
    else if (this.state === 'listening') this.answerAt = null;
  }

  private finish(now: number): void {
    const { spokeAt, stoppedAt, figures } = this;
    if (this.state !== 'interrupting' || spokeAt === null) return;
    figures.count++;
    figures.played.record(this.ear.playedMs(now) - this.playedBefore, 1);
    if (stoppedAt === null) figures.unstopped++;
    else figures.stop.record(stoppedAt - spokeAt, 1);
  }

  end(now: number): void {
    if (this.stoppedAt !== null) this.finish(now);
    this.state = 'listening';
    this.stoppedAt = null;
  }
}
