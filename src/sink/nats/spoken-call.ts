/**
 * What agents on other machines say into one call: a message is a piece of an utterance. One utterance is open at a time; another
 * agent is told that it is busy. Of an agent that has fallen silent nothing stays open. Sink thread.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayError } from '../../base/errors.ts';
import { playbackIdBytesMax, playbackMessageBytesMax, spokenIdsMax } from '../../base/playback-limits.ts';
import type { Played, Utterance } from '../../playback/utterance.ts';
import { type PlaybackWriter, utteranceRates } from '../../playback/writer.ts';
import type { SinkStream } from '../sink.ts';
import type { SpokenOutcome } from '../spoken-outcome.ts';
import type { InboxMessage } from './nats-inbox.ts';

/** What is answered to an agent. Documented in docs/nats.md. */
export interface Answer {
  /** As in the header `Acs-Utterance`; null if there was none. */
  readonly utterance: string | null;
  /** Of the utterance; `none`: there is no such one. */
  readonly state: 'open' | 'ended' | 'cleared' | 'closed' | 'none';
  /** Samples of this message that were taken, and of the utterance so far. */
  readonly taken: number;
  readonly written: number;
  /** Audio of the call that is not sent yet. */
  readonly queuedMs: number;
  readonly error?: string;
  readonly message?: string;
  /** To a clear: what the call has heard of the utterance that was cut off last. */
  readonly playedMs?: number;
}

interface Piece {
  readonly id: string | null;
  readonly sampleRate: number | undefined;
  readonly isEnd: boolean;
  readonly isLive: boolean;
  readonly data: Uint8Array;
}

interface Spoken {
  readonly utterance: Utterance;
  readonly sampleRate: number | undefined;
  written: number;
  /** When its last message came. */
  heardMs: number;
}

/** What is wrong with a message: a code, and in words. */
class Fault {
  readonly error: string;
  readonly message: string;
  constructor(error: string, message: string) {
    this.error = error;
    this.message = message;
  }
}

export interface CallEvents {
  readonly clock: () => number;
  readonly onTaken: (outcome: SpokenOutcome) => void;
  /** An utterance is over. */
  readonly onPlayed: (utterance: Utterance, played: Played) => void;
}

/** How long the answer to a clear waits for the main thread to have done it. */
const clearedMsMax = 1_000;
// One for all calls: nothing is kept in there between two messages.
const samples = new Int16Array(playbackMessageBytesMax / 2);
const bytes = new Uint8Array(samples.buffer);

export class SpokenCall {
  readonly stream: SinkStream;
  private readonly events: CallEvents;
  /** The last ones by id, so that what comes late for them is refused. */
  private readonly known = new Map<string | null, Spoken>();
  private current: Spoken | null = null;
  /** Cut off while another thread had this call. */
  private clearedBefore: ReadonlySet<string> = new Set();
  private writer: PlaybackWriter | null = null;

  constructor(stream: SinkStream, events: CallEvents) {
    this.stream = stream;
    this.events = events;
  }

  take(message: InboxMessage): Answer {
    const piece = pieceOf(message);
    const answer = piece instanceof Fault ? this.answer(null, null, 0, piece) : this.speak(piece);
    const sent = message.data.length >> 1;
    this.events.onTaken(
      piece instanceof Fault
        ? 'malformed'
        : answer.error !== undefined
          ? 'refused'
          : answer.taken < sent
            ? 'short'
            : 'taken',
    );
    return answer;
  }

  /** Silence at once. Answers when it is done. */
  async clear(): Promise<Answer> {
    this.events.onTaken('clear');
    const playback = this.ask();
    if (playback instanceof Fault) return this.answer(null, null, 0, playback);
    playback.clear();
    const last = this.current ?? [...this.known.values()].at(-1) ?? null;
    this.current = null;
    if (last === null) return this.answer(null, null, 0);
    const played = await Promise.race([last.utterance.played(), sleep(clearedMsMax)]);
    const answer = this.answer(last.utterance.id || null, last, 0);
    return played === undefined ? answer : { ...answer, playedMs: Math.round(played.playedMs) };
  }

  /** Ends an utterance of which nothing has come for so long. Its agent may begin it again. */
  endSilent(silentMs: number): void {
    const { current } = this;
    if (current === null || this.events.clock() - current.heardMs < silentMs) return;
    current.utterance.end();
    this.current = null;
    this.known.delete(current.utterance.id || null);
  }

  /** The thread ends. */
  end(): void {
    this.current?.utterance.end();
  }

  private speak(piece: Piece): Answer {
    const { id, sampleRate, isEnd, data } = piece;
    const known = id === null ? this.current : (this.known.get(id) ?? null);
    const playback = this.ask();
    if (playback instanceof Fault) return this.answer(id, known, 0, playback);
    if (id !== null && known === null && this.clearedBefore.has(id)) {
      return { ...this.answer(id, null, 0, isOver('cleared')), state: 'cleared' };
    }
    const isEmpty = data.length === 0;
    if (known === null && isEmpty) return this.answer(id, null, 0);
    if (this.current?.utterance.state !== 'open') this.current = null;
    if (known !== null && known.utterance.state !== 'open' && id !== null) {
      return this.answer(id, known, 0, isEmpty ? undefined : isOver(known.utterance.state));
    }
    if (this.current !== null && (id ?? '') !== this.current.utterance.id && !isEmpty) {
      return this.answer(id, known, 0, new Fault('busy', 'another utterance is open: end it, or clear'));
    }
    if (known !== null && sampleRate !== undefined && sampleRate !== known.sampleRate) {
      return this.answer(id, known, 0, new Fault('bad_rate', 'an utterance has one sample rate'));
    }
    const spoken = this.current ?? this.begin(playback, piece);
    spoken.heardMs = this.events.clock();
    bytes.set(data);
    const count = data.length >> 1;
    const taken = isEmpty ? 0 : spoken.utterance.write(samples.subarray(0, count));
    spoken.written += taken;
    // What was not taken has to come again, and the end with it.
    if (isEnd && taken === count) {
      spoken.utterance.end();
      this.current = null;
    }
    return this.answer(id, spoken, taken);
  }

  private begin(playback: PlaybackWriter, { id, sampleRate, isLive }: Piece): Spoken {
    const known = { ...(id !== null && { id }), ...(sampleRate !== undefined && { sampleRate }) };
    const utterance = playback.begin({ ...known, isLive });
    const spoken = { utterance, sampleRate, written: 0, heardMs: this.events.clock() };
    this.known.delete(id);
    this.known.set(id, spoken);
    if (this.known.size > spokenIdsMax) this.known.delete(this.known.keys().next().value!);
    this.current = spoken;
    void utterance.played().then((played) => this.events.onPlayed(utterance, played));
    return spoken;
  }

  /** The way into the call. */
  private ask(): PlaybackWriter | Fault {
    try {
      const playback = this.stream.playback();
      if (playback !== this.writer) {
        this.writer = playback;
        this.clearedBefore = new Set(playback.clearedIds);
      }
      return playback;
    } catch (error) {
      if (error instanceof GatewayError) return new Fault('refused', error.message);
      throw error;
    }
  }

  private answer(utterance: string | null, spoken: Spoken | null, taken: number, fault?: Fault): Answer {
    return {
      utterance,
      state: spoken?.utterance.state ?? 'none',
      taken,
      written: spoken?.written ?? 0,
      queuedMs: this.writer?.queuedMs ?? 0,
      ...(fault !== undefined && { error: fault.error, message: fault.message }),
    };
  }
}

function isOver(state: string): Fault {
  return new Fault(state, 'nothing more can be said of this utterance: begin another one, with another id');
}

function pieceOf({ data, headers }: InboxMessage): Piece | Fault {
  const id = headers?.get('Acs-Utterance') || null;
  const rate = headers?.get('Acs-Sample-Rate') || '';
  const end = headers?.get('Acs-End') || 'false';
  const live = headers?.get('Acs-Live') || 'false';
  if (data.length > playbackMessageBytesMax) {
    return new Fault('too_large', `expected at most ${playbackMessageBytesMax} bytes in a message`);
  }
  if (data.length % 2 !== 0) return new Fault('odd_bytes', 'expected samples of 16 bits: an even number of bytes');
  if (id !== null && Buffer.byteLength(id) > playbackIdBytesMax) {
    return new Fault('bad_utterance', `Acs-Utterance: expected at most ${playbackIdBytesMax} bytes`);
  }
  if (rate !== '' && !utteranceRates.some((known) => String(known) === rate)) {
    return new Fault('bad_rate', `Acs-Sample-Rate: expected one of ${utteranceRates.join(', ')}`);
  }
  if (end !== 'true' && end !== 'false') return new Fault('bad_end', 'Acs-End: expected true');
  if (live !== 'true' && live !== 'false') return new Fault('bad_live', 'Acs-Live: expected true');
  return {
    id,
    sampleRate: rate === '' ? undefined : Number(rate),
    isEnd: end === 'true',
    isLive: live === 'true',
    data,
  };
}
