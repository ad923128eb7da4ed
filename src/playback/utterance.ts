/** One utterance: audio that belongs together, is played in a row, and is cut off as a whole. Writer thread. */
import { playbackPrimeMs, playbackUtterancesMax } from '../base/playback-limits.ts';
import { utteranceOutcome } from '../memory/playback-layout.ts';
import type { Queue, Refusal } from '../memory/playback-queue.ts';
import { keepAliveFor } from './keep-alive.ts';
import type { QueueWriter } from './queue-writer.ts';
import { SampleFeed } from './sample-feed.ts';

/**
 * `open`: takes samples. `ended`: was ended by `end`, and is being played or was. `cleared`: was cut off. `closed`: the stream
 * has ended.
 */
export type UtteranceState = 'open' | 'ended' | 'cleared' | 'closed';

/** What became of an utterance. */
export interface Played {
  /** Audio that the call has heard, as far as the gateway can know: what was sent, less what was silenced. */
  readonly playedMs: number;
  /** `clear` cut it off. */
  readonly isCleared: boolean;
  /** Times that the audio came too late, so that the call heard a gap. */
  readonly underruns: number;
}

/** As `PlaybackWriter.begin` makes it. */
export interface UtteranceOptions {
  /** Hz: 8000, 16000, 24000 or 48000. The stream's own rate if left out. */
  readonly sampleRate?: number;
  /** What events and marks call it, up to 40 bytes. */
  readonly id?: string;
  /** A relay of live audio, such as an interpreter: what comes late after a stall is of no use, and is discarded. An answer is not. */
  readonly isLive?: boolean;
}

const noResult = { outcome: 0, playedMs: 0, underruns: 0 };

/** Audio that belongs together, as `PlaybackWriter.begin` begins it: played in a row, cut off as a whole. One thread at a time may use it. */
export class Utterance {
  /** As given to `begin`; empty if none was. */
  readonly id: string;
  /** Counted from 1 for each stream. */
  readonly number: number;
  private readonly isLive: boolean;
  private readonly queue: Queue;
  private readonly writer: QueueWriter;
  private readonly feed: SampleFeed;
  private hasPlace = false;
  private isEnded = false;
  /** What the main thread said of it; null until it is over. */
  private result: typeof noResult | null = null;
  /** Whoever claims its place must let it look first. */
  private readonly claim: (utterance: Utterance) => void;

  /** @internal For `PlaybackWriter.begin`. */
  constructor(
    queue: Queue,
    writer: QueueWriter,
    number: number,
    { sampleRate, id = '', isLive = false }: UtteranceOptions,
    claim: (utterance: Utterance) => void,
  ) {
    this.queue = queue;
    this.writer = writer;
    this.number = number;
    this.id = id;
    this.isLive = isLive;
    this.feed = new SampleFeed(queue, writer, sampleRate);
    this.claim = claim;
  }

  /** Where it stands. */
  get state(): UtteranceState {
    this.look();
    const { queue, result, number } = this;
    if (result !== null) {
      if (result.outcome === utteranceOutcome.cleared) return 'cleared';
      return result.outcome === utteranceOutcome.discarded ? 'closed' : 'ended';
    }
    if (queue.cut >= number) return 'cleared';
    if (queue.isClosed) return 'closed';
    return this.isEnded ? 'ended' : 'open';
  }

  /**
   * Takes samples, in the utterance's rate; they are copied.
   * @returns how many were taken: fewer when the queue is full, 0 when the utterance was cut off or has ended
   */
  write(samples: Int16Array | Float32Array): number {
    const { state } = this;
    if (state !== 'open') return this.refuse(state === 'cleared' ? 'cleared' : 'ended');
    if (!this.takePlace()) {
      this.writer.ring();
      return this.refuse('full');
    }
    const taken = this.feed.write(samples);
    if (taken < samples.length) this.queue.refused('full');
    this.writer.call(false);
    return taken;
  }

  /** Resolves when there is room again, and also when there will be none: look at `state`, or at what `write` takes. */
  async writable(): Promise<void> {
    const { queue } = this;
    const isOver = () => {
      // Before the look, each time: whoever makes room takes the wish back when it is fulfilled.
      queue.wantsRoom = true;
      return this.state !== 'open' || (this.mayHavePlace && this.feed.hasRoom);
    };
    // Memory comes back from other streams as well, which tell nobody here.
    if (!isOver()) await keepAliveFor(this.until(isOver, playbackPrimeMs));
  }

  /** No sample follows. What was written is played to its end. */
  end(): void {
    if (this.isEnded) return;
    if (this.state === 'open' && this.hasPlace) this.feed.end();
    this.isEnded = true;
    if (!this.hasPlace) return;
    this.queue.places.end(this.number, this.queue.head);
    this.writer.call(true);
  }

  /** Resolves when it has been played to its end, was cut off, or its stream has ended: always. */
  async played(): Promise<Played> {
    const isOver = () => {
      this.look();
      return this.result !== null;
    };
    if (!isOver()) await keepAliveFor(this.until(isOver));
    const { outcome, playedMs, underruns } = this.result!;
    return { playedMs, isCleared: outcome === utteranceOutcome.cleared, underruns };
  }

  /** @internal Finds out whether it is over. */
  look(): void {
    if (this.result !== null) return;
    const { queue, number } = this;
    if (this.hasPlace && queue.settled >= number) {
      const result = { ...noResult };
      queue.places.readResult(number, result);
      this.result = result;
    } else if (!this.hasPlace && queue.cut >= number) {
      this.result = { ...noResult, outcome: utteranceOutcome.cleared };
    } else if (!this.hasPlace && queue.isClosed) {
      this.result = { ...noResult, outcome: utteranceOutcome.discarded };
    } else if (!this.hasPlace && this.isEnded) {
      this.result = { ...noResult, outcome: utteranceOutcome.played };
    }
  }

  private get mayHavePlace(): boolean {
    return this.hasPlace || this.number - this.queue.settled <= playbackUtterancesMax;
  }

  private takePlace(): boolean {
    if (this.hasPlace) return true;
    if (!this.mayHavePlace) return false;
    this.claim(this);
    this.queue.places.claim(this.number, this.queue.head, this.id, this.isLive);
    this.hasPlace = true;
    return true;
  }

  private refuse(why: Refusal): number {
    this.queue.refused(why);
    return 0;
  }

  private async until(isOver: () => boolean, lookMs?: number): Promise<void> {
    for (;;) {
      const { changes } = this.queue;
      if (isOver()) return;
      await this.queue.changed(changes, lookMs);
    }
  }
}
