/**
 * What the server says into a call: when it came, how long it is, when ACS would play it. Main thread. Invariants: only numbers
 * are kept, and bounded; silence caused by this process reading late is not blamed on the server.
 */
import { frameBytes, frameDurationMs } from '../base/limits.ts';
import type { Correlator, Template } from '../simulator/correlator.ts';
import { isAudible } from '../simulator/loudness.ts';
import { OutboundReader } from '../simulator/outbound.ts';
import { pauseMs } from '../simulator/playout.ts';

const eventsMax = 50_000;

export interface HeardEvent {
  readonly kind: 'audio' | 'stop';
  readonly atMs: number;
  readonly byteCount: number;
  readonly durationMs: number;
  readonly isAudible: boolean;
  /** Silence before it, within an utterance. */
  readonly gapMs: number;
  /** The queue's length when it came; for a StopAudio, how much it removed. */
  readonly queuedMs: number;
}

export class Ear {
  readonly events: HeardEvent[] = [];
  /** When all that came will have been played. */
  emptyAt = 0;
  /** When audible audio came last; 0: never. */
  audibleAt = 0;
  /** The server echoed the caller. */
  hasEcho = false;
  private readonly reader = new OutboundReader();
  private readonly bytesPerMs: number;
  private readonly words: { readonly correlator: Correlator; readonly template: Template };
  private samples = 0;

  /** `words`: what is recognised as an echo. */
  constructor(sampleRate: number, words: { readonly correlator: Correlator; readonly template: Template }) {
    this.bytesPerMs = frameBytes(sampleRate) / frameDurationMs;
    this.words = words;
  }

  /** `ownLateMs`: how late this process reads. */
  hear(text: string, nowMs: number, ownLateMs: number): void {
    const read = this.reader.read(text);
    if (this.events.length >= eventsMax) return;
    const queuedMs = Math.max(0, this.emptyAt - nowMs);
    if (read === 'stop') {
      // What follows is another utterance.
      this.emptyAt = 0;
      this.events.push({
        kind: 'stop',
        atMs: nowMs,
        byteCount: 0,
        durationMs: 0,
        isAudible: false,
        gapMs: 0,
        queuedMs,
      });
    } else if (read === 'audio') this.audio(nowMs, ownLateMs, queuedMs);
  }

  private audio(nowMs: number, ownLateMs: number, queuedMs: number): void {
    const { pcm, byteCount } = this.reader;
    const durationMs = byteCount / this.bytesPerMs;
    const silentMs = nowMs - this.emptyAt;
    const gapMs = silentMs > 0 && silentMs <= pauseMs ? Math.max(0, silentMs - ownLateMs) : 0;
    this.emptyAt = Math.max(this.emptyAt, nowMs) + durationMs;
    const audible = isAudible(pcm, byteCount);
    if (audible) this.audibleAt = nowMs;
    this.events.push({ kind: 'audio', atMs: nowMs, byteCount, durationMs, isAudible: audible, gapMs, queuedMs });
    this.words.correlator.push(this.samples, pcm, byteCount, this.hasEcho ? [] : [this.words.template], () => {
      this.hasEcho = true;
      return [];
    });
    this.samples += byteCount >> 1;
  }

  /** What came since this event, counted from 0. */
  since(index: number): Heard {
    return new Heard(this.events.slice(index));
  }
}

/** A part of what came, and figures about it. */
export class Heard {
  readonly events: readonly HeardEvent[];

  constructor(events: readonly HeardEvent[]) {
    this.events = events;
  }

  private sum(value: (event: HeardEvent) => number): number {
    return this.events.reduce((sum, event) => sum + value(event), 0);
  }

  get audio(): readonly HeardEvent[] {
    return this.events.filter(({ kind }) => kind === 'audio');
  }
  get audioMs(): number {
    return this.sum(({ durationMs }) => durationMs);
  }
  get audibleMs(): number {
    return this.sum((event) => (event.isAudible ? event.durationMs : 0));
  }
  get gaps(): readonly HeardEvent[] {
    return this.events.filter(({ gapMs }) => gapMs >= 1);
  }
  get gapMs(): number {
    return this.sum(({ gapMs }) => gapMs);
  }
  /** The furthest that the server was ahead of the clock. */
  get leadMs(): number {
    return Math.max(0, ...this.audio.map(({ queuedMs, durationMs }) => queuedMs + durationMs));
  }
  /** The first StopAudio, or -1. */
  get stopIndex(): number {
    return this.events.findIndex(({ kind }) => kind === 'stop');
  }
  get stop(): HeardEvent | null {
    return this.events[this.stopIndex] ?? null;
  }
  /** What came after the first StopAudio. */
  get afterStop(): Heard {
    return new Heard(this.stopIndex < 0 ? [] : this.events.slice(this.stopIndex + 1));
  }
}
