/**
 * One stream that is spoken into: when it is looked at, what a cut clears, how it ends. Nothing is sent before the metadata.
 * Invariant: frames written = sent + cleared + discarded + queued, and every utterance settles. Main thread.
 */
import { frameDurationMs } from '../base/limits.ts';
import { playbackPrimeMs } from '../base/playback-limits.ts';
import type { WheelItem } from '../base/timer-wheel.ts';
import type { Queue } from '../memory/playback-queue.ts';
import { FrameCounts } from './frame-counts.ts';
import { Playout } from './playout.ts';
import { QueueReader } from './queue-reader.ts';
import { primeFrames, Sender } from './sender.ts';
import { type SpeakerCounts, type SpeakerOptions, SpokenUtterances } from './spoken-utterances.ts';
import type { DiscardReason } from './totals.ts';

/** A writer that was in the middle of a write when its queue was closed has ended it by then, or its thread is dead. */
const lastWrite = { lookMs: 50, looks: 20 } as const;

export class Speaker implements WheelItem {
  // For the wheel.
  tick = -1;
  dueMs = 0;

  readonly queue: Queue;
  private readonly options: SpeakerOptions;
  private readonly reader: QueueReader;
  private readonly playout: Playout;
  private readonly utterances: SpokenUtterances;
  private readonly sender: Sender;
  private readonly counts: FrameCounts;
  /** Cuts that were dealt with. */
  private cuts = 0;
  private isClosed = false;

  constructor(options: SpeakerOptions) {
    const { memory, queue, number, leadMs, totals } = options;
    this.options = options;
    this.queue = queue;
    this.reader = new QueueReader(memory, queue, number);
    this.playout = new Playout(leadMs);
    this.counts = new FrameCounts(totals);
    const { reader, playout, counts } = this;
    this.utterances = new SpokenUtterances(options, reader, playout);
    const onCorrupt = () => this.close('corrupt');
    this.sender = new Sender({ options, reader, playout, utterances: this.utterances, counts, onCorrupt });
  }

  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** What became of the frames so far. */
  get report(): SpeakerCounts {
    const { reader, utterances } = this;
    const { sent, cleared, discarded } = this.counts;
    const { queued } = reader;
    return { written: reader.tail + queued, sent, cleared, discarded, queued, underruns: utterances.underruns };
  }

  /** The call hears something, or is about to. */
  get isSpeaking(): boolean {
    return !this.isClosed && (this.reader.queued > 0 || !this.playout.isDry(this.options.clock()));
  }

  /** By the wheel. */
  visit(nowMs: number): void {
    this.options.totals.lateness.observe(nowMs - this.dueMs);
    this.turn(nowMs);
  }

  /** Looks at everything: the writer called, the socket drained, or it is time. */
  turn(nowMs: number): void {
    if (this.isClosed || !this.learnRate(nowMs)) return;
    const { queue, reader, options, utterances, counts } = this;
    if (reader.isCorrupt) {
      this.close('corrupt');
      return;
    }
    utterances.settlePlayed(nowMs);
    this.takeCut(nowMs);
    utterances.passEmpty();
    const { tail } = reader;
    counts.addCleared(reader.skipLate());
    this.sender.turn(nowMs);
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
    this.sender.peer.ponged();
  }

  /** The socket has sent what waited in it. */
  drained(): void {
    this.turn(this.options.clock());
  }

  /** Nothing is sent any more: what waits is discarded, whoever waits is told. */
  close(reason: DiscardReason): void {
    if (this.isClosed) return;
    const { queue, reader, options, utterances } = this;
    const nowMs = options.clock();
    utterances.settlePlayed(nowMs);
    this.isClosed = true;
    options.wheel.cancel(this);
    // Before the last look: a write that is not in there by then finds it closed.
    queue.close();
    this.counts.addDiscarded(reader.skipAll(), reason);
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
    const { queue, reader, options } = this;
    if (queue.isWriting && looks > 0) {
      setTimeout(() => this.giveBack(reason, looks - 1), lastWrite.lookMs).unref();
      return;
    }
    this.counts.addDiscarded(reader.skipAll(), reason);
    reader.release();
    options.totals.written += reader.tail;
    options.onGivenBack();
  }

  /** Returns whether there is a rate, and still the same. */
  private learnRate(nowMs: number): boolean {
    const { queue, reader, options } = this;
    const sampleRate = options.sampleRate();
    if (reader.sampleRate === sampleRate && sampleRate > 0) return true;
    if (sampleRate <= 0) {
      options.wheel.schedule(this, nowMs + playbackPrimeMs);
      return false;
    }
    if (reader.sampleRate !== 0) {
      this.close('format');
      return false;
    }
    reader.sampleRate = sampleRate;
    this.sender.use(options.textOf(sampleRate));
    queue.sampleRate = sampleRate;
    queue.tellChange();
    return true;
  }

  /** Everything up to the cut is dropped here, and the sender silences ACS. */
  private takeCut(nowMs: number): void {
    const { queue } = this;
    const { cuts } = queue;
    if (cuts === this.cuts) return;
    this.cuts = cuts;
    this.options.totals.clears++;
    this.counts.addCleared(this.utterances.cutUpTo(queue.cut, nowMs));
    this.sender.cut();
    queue.tellChange();
  }

  /** If nothing happens by itself any more, the writer calls from now on. Returns false if it has something already. */
  private fallAsleep(nowMs: number): boolean {
    if (this.isBusy(nowMs)) return false;
    this.queue.isArmed = false;
    return !this.isBusy(nowMs);
  }

  /** Something is to be sent, settled or silenced. */
  private isBusy(nowMs: number): boolean {
    const { reader, playout, utterances, sender, queue } = this;
    if (sender.isCutting || utterances.hasUnsettled || queue.cuts !== this.cuts || !playout.isDry(nowMs)) return true;
    const { available } = reader;
    return available >= primeFrames || (available > 0 && reader.hasEnded) || utterances.canPass || reader.hasLate;
  }

  private nextMs(nowMs: number): number {
    this.queue.isArmed = true;
    const aheadMs = this.playout.aheadMs(nowMs);
    // Little is sent ahead: a source that speaks live. Else three frames at a time.
    const waitMs = aheadMs === 0 ? playbackPrimeMs : Math.min(playbackPrimeMs, Math.max(frameDurationMs, aheadMs / 2));
    // On the grid of the last visits, if there is one.
    const gridMs = this.dueMs + waitMs > nowMs ? this.dueMs + waitMs : nowMs + waitMs;
    return Math.min(gridMs, nowMs + waitMs, this.utterances.nextEndMs);
  }
}
