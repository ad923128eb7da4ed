/** Speaking into a call, from a thread of the user's. Any one thread; `clear` from any. */
import { GatewayError } from '../base/errors.ts';
import { frameDurationMs } from '../base/limits.ts';
import { playbackIdBytesMax, playbackUtterancesMax } from '../base/playback-limits.ts';
import { PlaybackMemory } from '../memory/playback-memory.ts';
import { Queue } from '../memory/playback-queue.ts';
import { assertPlaybackHandle, type PlaybackHandle } from './handle.ts';
import { QueueWriter } from './queue-writer.ts';
import { Utterance, type UtteranceOptions } from './utterance.ts';

/** What a writer may have, Hz. */
export const utteranceRates = [8_000, 16_000, 24_000, 48_000] as const;

/**
 * Speaks into one call, at the call's pace, from any thread: write as fast as you like, the gateway sends it in time.
 *
 *     const playback = new PlaybackWriter(handle);
 *     const utterance = playback.begin({ sampleRate: 24000 });
 *     for await (const samples of answer) {
 *       for (let at = 0; at < samples.length && utterance.state === 'open'; ) {
 *         at += utterance.write(samples.subarray(at));
 *         if (at < samples.length) await utterance.writable();
 *       }
 *     }
 *     utterance.end();
 *     const { playedMs, isCleared } = await utterance.played();
 */
export class PlaybackWriter {
  private readonly queue: Queue;
  private readonly writer: QueueWriter;
  private current: Utterance | null = null;
  /** Who has the places of utterances in the queue, so that they look before another one takes theirs. */
  private readonly placed: (Utterance | undefined)[] = [];

  /** Throws `bad_handle`. */
  constructor(handle: PlaybackHandle) {
    assertPlaybackHandle(handle);
    this.queue = Queue.attach(handle.queue);
    this.writer = new QueueWriter(PlaybackMemory.attach(handle.memory), this.queue, handle.number, handle.place);
  }

  /**
   * Begins an utterance, behind those that were written before; the one before it is ended. `write` takes nothing while eight of
   * them are not over.
   * @throws `playback_refused` for a rate that is not 8000, 16000, 24000 or 48000, or an id that is too long
   */
  begin(options: UtteranceOptions = {}): Utterance {
    const { sampleRate, id = '' } = options;
    if (sampleRate !== undefined && !utteranceRates.includes(sampleRate as never)) {
      throw new GatewayError(
        'playback_refused',
        `sampleRate: ${sampleRate}: expected one of ${utteranceRates.join(', ')}`,
      );
    }
    if (Buffer.byteLength(id) > playbackIdBytesMax) {
      throw new GatewayError('playback_refused', `id: expected at most ${playbackIdBytesMax} bytes`);
    }
    this.current?.end();
    this.writer.restart();
    const number = this.queue.begun + 1;
    this.current = new Utterance(this.queue, this.writer, number, options, (utterance) => this.place(utterance));
    this.queue.begun = number;
    return this.current;
  }

  /** Silence, at once: everything that was begun is cut off, what was not played is thrown away, here and at ACS. Any thread. */
  clear(): void {
    this.queue.cutAll(performance.now());
    this.writer.ring();
  }

  /** Audio that was written and is not sent yet. */
  get queuedMs(): number {
    return Math.max(0, this.queue.head - this.queue.tail) * frameDurationMs;
  }
  /** Audio that the call has heard so far, as far as the gateway can know. */
  get playedMs(): number {
    return this.queue.playedMs(performance.now());
  }
  /** Whether the call hears something at this moment, or is about to. */
  get isPlaying(): boolean {
    return this.queuedMs > 0 || this.queue.unplayedMs(performance.now()) > 0;
  }

  /** @internal Of the last utterances those that were cut off and have an id: also those of another writer before. */
  get clearedIds(): string[] {
    const { places, begun, cut } = this.queue;
    const numbers = Array.from({ length: playbackUtterancesMax }, (_, n) => begun - n);
    return numbers.filter((number) => number > 0 && number <= cut).flatMap((number) => places.idOf(number) ?? []);
  }

  private place(utterance: Utterance): void {
    const at = utterance.number % playbackUtterancesMax;
    this.placed[at]?.look();
    this.placed[at] = utterance;
  }
}
