/**
 * All streams that are spoken into: one wheel for when they are due, one bell by which their writers call. Made when a stream is
 * asked for its playback for the first time; armed only while somebody speaks. Main thread.
 */
import { awakeClock } from '../base/awake-clock.ts';
import { GatewayError } from '../base/errors.ts';
import { playbackBlockBytes, playbackTickMs } from '../base/playback-limits.ts';
import { TimerWheel } from '../base/timer-wheel.ts';
import { playbackBlockCount, playbackFramesMax, playbackShares } from '../memory/playback-layout.ts';
import { PlaybackMemory } from '../memory/playback-memory.ts';
import { Queue, type Refusal, refusals } from '../memory/playback-queue.ts';
import { layoutVersion } from '../memory/shared-memory.ts';
import { AudioDataText } from '../protocol/outbound.ts';
import type { PlaybackHandle } from './handle.ts';
import { Speaker } from './speaker.ts';
import type { SpeakerOptions } from './spoken-utterances.ts';
import { PlaybackTotals } from './totals.ts';

export interface PacerOptions {
  readonly leadMs: number;
  readonly seconds: number;
  readonly memoryBytes: number;
  readonly marks: boolean;
  /** Streams that there may be at a time. */
  readonly queueCount: number;
}

/** What a stream is, to whoever speaks into it. */
export type SpeakerStream = Pick<SpeakerOptions, 'outgoing' | 'sampleRate' | 'track' | 'onStarted' | 'onEnded'> & {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  /** Among all streams; nobody else's at the same time. */
  readonly place: number;
};

/** A speaker, and how its writer gets at it. */
interface Entry {
  readonly speaker: Speaker;
  readonly handle: PlaybackHandle;
  readonly refused: Record<Refusal, number>;
}

/** More refusals than this between two looks nobody counts: the word was overwritten. */
const refusalsMax = 2 ** 24;

export class Pacer {
  readonly totals = new PlaybackTotals();
  private readonly options: PacerOptions;
  private readonly clock = () => performance.now();
  private readonly wheel = new TimerWheel(this.clock, playbackTickMs);
  private readonly entries = new Map<number, Entry>();
  private readonly texts = new Map<number, AudioDataText>();
  private memory: PlaybackMemory | null = null;
  private numbers = 0;
  /** Those with memory of their own: open ones, and closed ones whose writer may be in the middle of a write. */
  queues = 0;
  private isStopped = false;

  constructor(options: PacerOptions) {
    this.options = options;
  }

  /** A way into a stream. Throws `playback_refused`, `memory_exhausted`. */
  open(stream: SpeakerStream): { readonly speaker: Speaker; readonly handle: PlaybackHandle } {
    const { leadMs, seconds, marks } = this.options;
    const memory = this.reserve();
    if (this.isFull) {
      this.totals.refusedStreams++;
      const message = `${this.queuesMax} streams may be spoken into at a time: raise --playback-memory-mb`;
      throw new GatewayError('playback_refused', message);
    }
    const { streamId, callConnectionId, place, ...rest } = stream;
    const queue = Queue.create(playbackFramesMax(seconds));
    const number = ++this.numbers;
    const entry: Entry = {
      speaker: new Speaker({
        ...rest,
        memory,
        queue,
        number,
        leadMs,
        marks,
        wheel: this.wheel,
        totals: this.totals,
        clock: this.clock,
        since: (ms) => awakeClock.since(ms),
        textOf: (sampleRate) => this.textOf(sampleRate),
        onGivenBack: () => {
          this.queues--;
          this.forget(place, entry);
        },
      }),
      handle: { streamId, callConnectionId, queue: queue.buffer, memory: memory.handle, number, place, layoutVersion },
      refused: { full: 0, cleared: 0, ended: 0 },
    };
    this.queues++;
    this.entries.set(place, entry);
    entry.speaker.turn(this.clock());
    return entry;
  }

  /** Streams that may be spoken into at a time: each has memory of its own for a second of speech. */
  get queuesMax(): number {
    const { memoryBytes, queueCount } = this.options;
    return Math.min(queueCount, playbackShares(playbackBlockCount(memoryBytes)).queuesMax);
  }
  get isFull(): boolean {
    return this.queues >= this.queuesMax;
  }

  /** What writers were refused, up to date. */
  get refused(): Readonly<Record<Refusal, number>> {
    for (const entry of this.entries.values()) this.takeRefusals(entry);
    return this.totals.refused;
  }
  get queuedFrames(): number {
    return this.sum((speaker) => speaker.report.queued);
  }
  get memoryBytes(): number {
    return (this.memory?.blocksHeld ?? 0) * playbackBlockBytes;
  }
  get speaking(): number {
    return this.sum((speaker) => Number(speaker.isSpeaking));
  }
  /** Those of them whose peer takes nothing. */
  get stalled(): number {
    return this.sum((speaker) => Number(speaker.isStalled));
  }
  /** Frames that are in no counter, or, if negative, in two: 0 at any time. */
  get unaccounted(): number {
    const { written, sent, cleared, discardedFrames } = this.totals;
    const open = this.sum((speaker) => {
      // Of one look: its writer continues meanwhile.
      const { written, queued } = speaker.report;
      return written - queued;
    });
    return written + open - sent - cleared - discardedFrames;
  }

  stop(): void {
    this.isStopped = true;
    for (const { speaker } of [...this.entries.values()]) speaker.close('stream_ended');
    this.wheel.stop();
    this.memory?.ring(0);
  }

  private sum(count: (speaker: Speaker) => number): number {
    let sum = 0;
    for (const { speaker } of this.entries.values()) sum += count(speaker);
    return sum;
  }

  private reserve(): PlaybackMemory {
    if (this.memory === null) {
      const { memoryBytes, queueCount } = this.options;
      this.memory = PlaybackMemory.create(memoryBytes, queueCount);
      void this.listen(this.memory);
    }
    return this.memory;
  }

  /** Answers the bell. One turn of the loop for each time, however often it rings: a writer gone mad holds nobody up. */
  private async listen(memory: PlaybackMemory): Promise<void> {
    const visit = (place: number) => this.entries.get(place)?.speaker.turn(this.clock());
    while (!this.isStopped) {
      const { rings } = memory;
      memory.answer(visit);
      const rung = memory.waitForRing(rings);
      await (rung ?? new Promise(setImmediate));
    }
  }

  private textOf(sampleRate: number): AudioDataText {
    const known = this.texts.get(sampleRate);
    if (known !== undefined) return known;
    const text = new AudioDataText(sampleRate);
    this.texts.set(sampleRate, text);
    return text;
  }

  private forget(place: number, entry: Entry): void {
    this.takeRefusals(entry);
    // The stream may have another one by now.
    if (this.entries.get(place) === entry) this.entries.delete(place);
  }

  private takeRefusals({ speaker, refused }: Entry): void {
    for (const why of Object.keys(refusals) as Refusal[]) {
      const now = Atomics.load(speaker.queue.i32, refusals[why]);
      const more = (now - refused[why]) | 0;
      refused[why] = now;
      if (more > 0 && more < refusalsMax) this.totals.refused[why] += more;
    }
  }
}
