/**
 * One stream that is spoken into: when it is looked at, what a cut clears, how it ends. Nothing is sent before the metadata.
 * Invariant: frames written = sent + cleared + discarded + queued, and every utterance settles. Main thread.
 */
import { frameDurationMs } from '../base/limits.ts';
import { playbackPrimeMs } from '../base/playback-limits.ts';
import type { WheelItem } from '../base/timer-wheel.ts';
import type { Queue } from '../memory/playback-queue.ts';
import type { SpeakerCounts } from './frame-counts.ts';
import { primeFrames } from './sender.ts';
import { makeSpeakerParts, type SpeakerParts } from './speaker-parts.ts';
import type { SpeakerOptions } from './spoken-utterances.ts';
import type { DiscardReason } from './totals.ts';

/** A writer that was in the middle of a write when its queue was closed has ended it by then, or its thread is dead. */
const lastWrite = { lookMs: 50, looks: 20 } as const;

/** From a stream's visits to those of the next one: spread evenly, so that those who begin together, or were late together, do not stay together. */
const phaseStepMs = 25;

const nothingYet: SpeakerCounts = { written: 0, sent: 0, cleared: 0, discarded: 0, queued: 0, underruns: 0 };

export class Speaker implements WheelItem {
  // For the wheel.
  tick = -1;
  dueMs = 0;

  readonly queue: Queue;
  /** When it was silenced last, ms on the process's clock; 0: never. */
  cutMs = 0;
  private readonly options: SpeakerOptions;
  /** Null until something is begun: a stream that may be spoken into and is not costs little. */
  private made: SpeakerParts | null = null;
  /** As the queue was told it; 0: not yet. */
  private sampleRate = 0;
  /** When its visits are, within the time between two of them. */
  private readonly phaseMs: number;
  /** Cuts that were dealt with. */
  private cuts = 0;
  private isClosed = false;

  constructor(options: SpeakerOptions) {
    this.options = options;
    this.queue = options.queue;
    this.phaseMs = (options.number * phaseStepMs) % playbackPrimeMs;
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** What became of the frames so far. */
  get report(): SpeakerCounts {
    if (this.made === null) return nothingYet;
    const { reader, utterances, counts } = this.made;
    const { sent, cleared, discarded } = counts;
    const { queued } = reader;
    return { written: reader.tail + queued, sent, cleared, discarded, queued, underruns: utterances.underruns };
  }

  /** The ring with what is sent, while there is one; else -1. */
  get ringIndex(): number {
    return this.options.track.ringIndex;
  }

  /** The call hears something, or is about to. */
  get isSpeaking(): boolean {
    if (this.isClosed || this.made === null) return false;
    const { reader, playout } = this.made;
    return reader.queued > 0 || !playout.isDry(this.options.clock());
  }

  /** It speaks, and the peer takes nothing. */
  get isStalled(): boolean {
    return this.isSpeaking && this.made!.sender.peer.isStalled;
  }

  /** By the wheel. */
  visit(nowMs: number): void {
    this.options.totals.lateness.observe(nowMs - this.dueMs);
    this.turn(nowMs);
  }

  /** Looks at everything: the writer called, the socket drained, or it is time. */
  turn(nowMs: number): void {
    if (this.isClosed || !this.learnRate(nowMs)) return;
    // Not armed yet: who begins something calls.
    if (this.made === null && this.queue.isUntouched) return;
    const { queue, options } = this;
    const { reader, utterances, counts, sender } = this.parts;
    reader.look();
    if (reader.isCorrupt) {
      this.close('corrupt');
      return;
    }
    sender.hold(nowMs);
    utterances.settlePlayed(nowMs);
    this.takeCut(nowMs);
    utterances.passEmpty();
    const { tail } = reader;
    counts.addCleared(reader.skipLate());
    sender.turn(nowMs);
    utterances.settlePlayed(nowMs);
    if (queue.wantsRoom && reader.tail > tail) {
      queue.wantsRoom = false;
      queue.tellChange();
    }
    options.wheel.cancel(this);
    if (!this.fallAsleep(nowMs)) options.wheel.schedule(this, this.nextMs(nowMs));
  }

  /** The peer answered a ping. */
  ponged(): void {
    this.made?.sender.peer.ponged();
  }

  /** The socket has sent what waited in it. */
  drained(): void {
    this.turn(this.options.clock());
  }

  /** The writer's thread is dead: what it has written is played, and its utterances end there. */
  abandoned(): void {
    if (this.isClosed) return;
    this.parts.reader.endOpen();
    this.turn(this.options.clock());
  }

  /** Nothing is sent any more: what waits is discarded, whoever waits is told. */
  close(reason: DiscardReason): void {
    if (this.isClosed) return;
    const { queue, options } = this;
    const { reader, utterances, counts } = this.parts;
    const nowMs = options.clock();
    utterances.settlePlayed(nowMs);
    this.isClosed = true;
    options.wheel.cancel(this);
    // Before the last look: a write that is not in there by then finds it closed.
    queue.close();
    counts.addDiscarded(reader.skipAll(), reason);
    utterances.settleAll(nowMs);
    queue.tellChange();
    options.track.end();
    this.giveBack(reason, lastWrite.looks);
  }

  /** Every reader of the stream is done: the ring with what was sent goes back. */
  release(): void {
    this.options.track.release();
  }

  /** The memory, when no writer is in the middle of a write. */
  private giveBack(reason: DiscardReason, looks: number): void {
    const { queue, options } = this;
    const { reader, counts } = this.parts;
    if (queue.isWriting && looks > 0) {
      setTimeout(() => this.giveBack(reason, looks - 1), lastWrite.lookMs).unref();
      return;
    }
    counts.addDiscarded(reader.skipAll(), reason);
    reader.release();
    options.totals.written += reader.tail;
    options.onGivenBack();
  }

  /** Returns whether there is a rate, and still the same. */
  private learnRate(nowMs: number): boolean {
    const { queue, options } = this;
    const sampleRate = options.sampleRate();
    if (this.sampleRate === sampleRate && sampleRate > 0) return true;
    if (sampleRate <= 0) {
      options.wheel.schedule(this, nowMs + playbackPrimeMs);
      return false;
    }
    if (this.sampleRate !== 0) {
      this.close('format');
      return false;
    }
    this.sampleRate = sampleRate;
    if (this.made !== null) this.tellRate(this.made);
    queue.sampleRate = sampleRate;
    queue.tellChange();
    return true;
  }

  /** Everything up to the cut is dropped here, and the sender silences ACS. */
  private takeCut(nowMs: number): void {
    const { queue } = this;
    const { cuts } = queue;
    if (cuts === this.cuts) return;
    const { utterances, counts, sender } = this.parts;
    this.cuts = cuts;
    this.cutMs = nowMs;
    this.options.totals.clears++;
    counts.addCleared(utterances.cutUpTo(queue.cut, nowMs));
    sender.cut();
    queue.tellChange();
  }

  /** If nothing happens by itself any more, the writer calls from now on. Returns false if it has something already. */
  private fallAsleep(nowMs: number): boolean {
    if (this.isBusy(nowMs)) return false;
    this.queue.isArmed = false;
    this.parts.reader.look();
    return !this.isBusy(nowMs);
  }

  /** Something is to be sent, settled or silenced. */
  private isBusy(nowMs: number): boolean {
    const { queue } = this;
    const { reader, playout, utterances, sender } = this.parts;
    if (!playout.isDry(nowMs) || sender.isCutting || utterances.hasUnsettled || queue.cuts !== this.cuts) return true;
    const { available } = reader;
    return available >= primeFrames || (available > 0 && reader.hasEnded) || utterances.canPass || reader.hasLate;
  }

  private nextMs(nowMs: number): number {
    this.queue.isArmed = true;
    const { playout, utterances } = this.parts;
    const aheadMs = playout.aheadMs(nowMs);
    // Little is sent ahead: a source that speaks live. Else three frames at a time.
    const waitMs = aheadMs === 0 ? playbackPrimeMs : Math.min(playbackPrimeMs, Math.max(frameDurationMs, aheadMs / 2));
    const gridMs = this.phaseMs + (Math.floor((nowMs - this.phaseMs) / playbackPrimeMs) + 1) * playbackPrimeMs;
    return Math.min(gridMs, nowMs + waitMs, utterances.nextEndMs);
  }

  private get parts(): SpeakerParts {
    if (this.made !== null) return this.made;
    this.made = makeSpeakerParts(this.options, () => this.close('corrupt'));
    if (this.sampleRate > 0) this.tellRate(this.made);
    return this.made;
  }

  private tellRate({ reader, sender }: SpeakerParts): void {
    reader.sampleRate = this.sampleRate;
    sender.use(this.options.textOf(this.sampleRate));
  }
}
