/**
 * The utterances of one stream, in order: the one whose frames are being sent, and those that were sent and are not played to
 * their end. Says of each what became of it. Main thread.
 */
import { frameDurationMs } from '../base/limits.ts';
import { playbackEmptyPerVisitMax, playbackPauseMs, playbackPrimeMs } from '../base/playback-limits.ts';
import type { TimerWheel } from '../base/timer-wheel.ts';
import { utteranceOutcome } from '../memory/playback-layout.ts';
import type { PlaybackMemory } from '../memory/playback-memory.ts';
import type { Queue } from '../memory/playback-queue.ts';
import type { AudioDataText } from '../protocol/outbound.ts';
import type { Outgoing } from './peer.ts';
import type { Playout } from './playout.ts';
import type { QueueReader } from './queue-reader.ts';
import type { SentTrack } from './sent-track.ts';
import type { PlaybackTotals, UtteranceEnd } from './totals.ts';

/** An utterance whose first frame was sent. */
export interface StartedUtterance {
  /** As given to `begin`; null if none was. */
  readonly id: string | null;
  /** Counted from 1 for each stream. */
  readonly number: number;
}

/** An utterance that is over. */
export interface EndedUtterance extends StartedUtterance {
  /** `played` to its end, `cleared` by `clear`, or `discarded` because its stream ended. */
  readonly end: UtteranceEnd;
  /** Audio handed to the socket. */
  readonly sentMs: number;
  /** What the call has heard of it, as far as we know. */
  readonly playedMs: number;
  /** Times that its audio came too late, so that the call heard a gap. */
  readonly underruns: number;
}

export interface SpeakerOptions {
  readonly memory: PlaybackMemory;
  readonly queue: Queue;
  /** The queue's number, by which it owns memory. */
  readonly number: number;
  readonly leadMs: number;
  readonly marks: boolean;
  readonly wheel: TimerWheel;
  readonly totals: PlaybackTotals;
  readonly clock: () => number;
  /** Ms since then, without those in which this thread stood still. */
  readonly since: (ms: number) => number;
  /** The stream's socket; null while it has none. */
  readonly outgoing: () => Outgoing | null;
  /** What the metadata say, Hz; 0 before, negative when it is none that ACS has. */
  readonly sampleRate: () => number;
  readonly textOf: (sampleRate: number) => AudioDataText;
  readonly track: SentTrack;
  readonly onStarted: (utterance: StartedUtterance) => void;
  readonly onEnded: (utterance: EndedUtterance) => void;
  /** Its memory is free. */
  readonly onGivenBack: () => void;
}

interface Spoken extends StartedUtterance {
  frames: number;
  underruns: number;
  /** When its last frame will have been played. */
  endMs: number;
}

const outcomes: Record<UtteranceEnd, number> = utteranceOutcome;

export class SpokenUtterances {
  underruns = 0;
  private readonly options: SpeakerOptions;
  private readonly reader: QueueReader;
  private readonly playout: Playout;
  /** The one that is being sent; null before its first frame. */
  private current: Spoken | null = null;
  /** Sent, and not played to the end. */
  private readonly unplayed: Spoken[] = [];
  /** Audio that was sent and not silenced, ever. */
  private deliveredMs = 0;

  constructor(options: SpeakerOptions, reader: QueueReader, playout: Playout) {
    this.options = options;
    this.reader = reader;
    this.playout = playout;
  }

  get hasUnsettled(): boolean {
    return this.unplayed.length > 0;
  }

  /** When the next one will be over. */
  get nextEndMs(): number {
    return this.unplayed[0]?.endMs ?? Number.POSITIVE_INFINITY;
  }

  /** The current one has no frame left, and none will come. */
  get canPass(): boolean {
    const { reader } = this;
    return reader.number <= reader.begun && reader.hasEnded && reader.available === 0;
  }

  /** The mark that the frame so many after the next one carries; null: none. */
  markIdOf(ahead: number): string | null {
    const { reader, options } = this;
    if (!options.marks || !reader.hasEnded || reader.available !== ahead + 1) return null;
    return options.queue.places.idOf(reader.number);
  }

  /** Frames of the current one were sent. @param gapMs between their beginning and the end of what was sent before */
  sent(frames: number, gapMs: number, nowMs: number): void {
    const { reader, playout, options } = this;
    const { totals, queue } = options;
    this.deliveredMs += frames * frameDurationMs;
    queue.notePlayed(this.deliveredMs, playout.endMs);
    if (this.current === null) {
      this.current = {
        id: queue.places.idOf(reader.number),
        number: reader.number,
        frames: 0,
        underruns: 0,
        endMs: nowMs,
      };
      options.onStarted({ id: this.current.id, number: this.current.number });
    } else if (gapMs > 0 && Number.isFinite(gapMs) && !this.isPause(gapMs)) {
      this.current.underruns++;
      this.underruns++;
      totals.underruns++;
      totals.underrunMs += gapMs;
    }
    this.current.frames += frames;
    this.current.endMs = playout.endMs;
  }

  /** The peer takes nothing: the last so many ms that were sent are heard later by so much. A thread that looks before the next visit is not told more. */
  held(unheardMs: number, laterMs: number): void {
    const { playout, unplayed, current } = this;
    const heardUntilMs = playout.endMs - laterMs - unheardMs;
    for (const spoken of unplayed) if (spoken.endMs > heardUntilMs) spoken.endMs += laterMs;
    if (current !== null) current.endMs += laterMs;
    this.options.queue.notePlayed(this.deliveredMs, playout.endMs + playbackPrimeMs);
  }

  /** It takes again. */
  released(): void {
    this.options.queue.notePlayed(this.deliveredMs, this.playout.endMs);
  }

  /** ACS threw away what it had. */
  silenced(nowMs: number): void {
    this.deliveredMs -= this.playout.drop(nowMs);
    this.options.queue.notePlayed(this.deliveredMs, nowMs);
  }

  /** Goes on to the next one if this one is through. */
  passEnded(): void {
    if (this.canPass) this.pass();
  }

  /** Leaves out those without a frame. A few at a time: a writer may begin as many as it likes. */
  passEmpty(): void {
    for (let n = 0; n < playbackEmptyPerVisitMax && this.canPass; n++) this.pass();
  }

  /** Those that were played to their end are over. */
  settlePlayed(nowMs: number): void {
    let settled = false;
    for (let first = this.unplayed[0]; first !== undefined && first.endMs <= nowMs; first = this.unplayed[0]) {
      this.unplayed.shift();
      this.settle(first, 'played', first.frames * frameDurationMs);
      settled = true;
    }
    if (settled) this.options.queue.tellChange();
  }

  /** Everything up to this one is cut off. Returns how many frames are not sent for that. */
  cutUpTo(cut: number, nowMs: number): number {
    const { reader, playout, options } = this;
    for (const spoken of this.unplayed.splice(0)) this.settle(spoken, 'cleared', heardMs(spoken, nowMs));
    // Who cut knew of utterances that have begun since the last look.
    reader.look();
    const last = Math.min(cut, reader.begun);
    let frames = 0;
    for (; reader.number <= last; reader.pass()) {
      frames += reader.skipCurrent();
      this.settleCurrent('cleared', nowMs);
    }
    this.deliveredMs -= playout.cut(nowMs);
    options.queue.notePlayed(this.deliveredMs, nowMs);
    return frames;
  }

  /** The stream has ended: none will be played any more. */
  settleAll(nowMs: number): void {
    const { reader } = this;
    for (const spoken of this.unplayed.splice(0)) this.settle(spoken, 'discarded', heardMs(spoken, nowMs));
    reader.look();
    for (const last = reader.begun; reader.number <= last; reader.pass()) this.settleCurrent('discarded', nowMs);
  }

  /** What a relay repeats has pauses of its own: nothing was late. */
  private isPause(gapMs: number): boolean {
    return gapMs > playbackPauseMs && this.options.queue.places.isLive(this.reader.number);
  }

  private pass(): void {
    const { reader, unplayed } = this;
    const spoken = this.current ?? this.silent(unplayed.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY);
    this.current = null;
    unplayed.push(spoken);
    reader.pass();
  }

  private silent(endMs: number): Spoken {
    const { number } = this.reader;
    return { id: this.options.queue.places.idOf(number), number, frames: 0, underruns: 0, endMs };
  }

  private settleCurrent(end: UtteranceEnd, nowMs: number): void {
    const spoken = this.current ?? this.silent(nowMs);
    this.current = null;
    this.settle(spoken, end, heardMs(spoken, nowMs));
  }

  private settle(spoken: Spoken, end: UtteranceEnd, playedMs: number): void {
    const { queue, totals, onEnded } = this.options;
    const { number, id, frames, underruns } = spoken;
    if (queue.places.hasPlace(number)) queue.places.note(number, outcomes[end], playedMs, underruns);
    queue.settle(number);
    totals.utterances[end]++;
    if (frames > 0) onEnded({ id, number, end, sentMs: frames * frameDurationMs, playedMs, underruns });
  }
}

function heardMs({ frames, endMs }: Spoken, nowMs: number): number {
  return Math.max(0, frames * frameDurationMs - Math.max(0, endMs - nowMs));
}
