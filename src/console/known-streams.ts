/** The streams as the console's thread knows them, and a row of each. Console thread. */
import { dropReasons } from '../memory/outcomes.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';
import type { RingAddress } from '../ring/cursor.ts';
import { Frame } from '../ring/frame.ts';
import type { OpenedStream, ToConsole, TrackAddress } from './messages.ts';
import { Meter } from './meter.ts';
import type { StreamState, StreamStates } from './stream-states.ts';
import { type Row, silentLevelDb } from './wire.ts';

/** Levels of a row. */
const levelsMax = 16;

export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

export class KnownStream {
  readonly facts: OpenedStream;
  /** In the order of `/streams`. */
  tracks: readonly Meter[] = [];
  /** What is sent into the call. */
  spoken: Meter | null = null;
  /** The account, while somebody looks at it, and files. */
  report: Readonly<Record<string, unknown>> | null = null;
  recordings: readonly string[] = [];
  /** Its loudest track, when it was read last. */
  levelDb = silentLevelDb;
  levelReadMs = Number.NEGATIVE_INFINITY;
  /** What is searched in. */
  text = '';

  constructor(facts: OpenedStream) {
    this.facts = facts;
    this.learnText();
  }

  setTracks(memory: SharedMemory, tracks: readonly TrackAddress[], spoken: TrackAddress | null): void {
    const known = [...this.tracks, ...(this.spoken === null ? [] : [this.spoken])];
    const meterOf = (address: TrackAddress) =>
      known.find((meter) => isSame(meter.address.ring, address.ring)) ?? new Meter(memory, address);
    this.tracks = tracks.map(meterOf);
    this.spoken = spoken === null ? null : meterOf(spoken);
    this.learnText();
  }

  get labelText(): string {
    return Object.values(this.facts.labels).join(' ');
  }

  private learnText(): void {
    const { id, callId, correlationId, labels } = this.facts;
    const participants = this.tracks.map(({ address }) => address.id ?? '');
    const texts = [id, callId ?? '', correlationId ?? '', ...Object.values(labels), ...participants];
    this.text = texts.join('\n').toLowerCase();
  }
}

function isSame(a: RingAddress, b: RingAddress): boolean {
  return a.index === b.index && a.generation === b.generation;
}

export class KnownStreams {
  readonly byId = new Map<string, KnownStream>();
  readonly memory: SharedMemory;
  readonly frame = new Frame();
  private readonly states: StreamStates;
  private readonly slot: StreamSlot;

  constructor(memory: SharedMemory, states: StreamStates) {
    this.memory = memory;
    this.states = states;
    this.slot = new StreamSlot(memory);
  }

  take(message: Extract<ToConsole, { readonly type: 'opened' | 'gone' | 'tracks' | 'report' }>): void {
    switch (message.type) {
      case 'opened':
        for (const facts of message.streams) this.byId.set(facts.id, new KnownStream(facts));
        return;
      case 'gone':
        for (const id of message.ids) this.byId.delete(id);
        return;
      case 'tracks':
        for (const { id, tracks, spoken } of message.streams) this.byId.get(id)?.setTracks(this.memory, tracks, spoken);
        return;
      case 'report': {
        const stream = this.byId.get(message.id);
        if (stream === undefined) return;
        stream.report = message.report;
        stream.recordings = message.recordings;
        return;
      }
    }
  }

  // ── what rows are sorted and filtered by ──
  state({ facts: { index, serial } }: KnownStream): StreamState {
    return this.states.isOf(index, serial) ? this.states.state(index) : 'released';
  }
  isSpeaking({ facts: { index, serial } }: KnownStream): boolean {
    return this.states.isOf(index, serial) && this.states.isSpeaking(index);
  }
  /** -1: playback was never asked for. */
  queuedMs({ facts: { index, serial } }: KnownStream): number {
    return this.states.isOf(index, serial) ? this.states.queuedMs(index) : -1;
  }
  cutMs({ facts: { index, serial } }: KnownStream): number {
    return this.states.isOf(index, serial) ? this.states.cutMs(index) : 0;
  }
  mode(stream: KnownStream): Row['mode'] {
    if (stream.tracks.length === 0) return 'pending';
    return stream.tracks.every(({ address }) => address.id === null) ? 'mixed' : 'unmixed';
  }
  /** Hz; null while unknown. */
  sampleRate(stream: KnownStream): number | null {
    this.slot.moveTo(stream.facts.index);
    const { rate } = this.slot;
    if (this.states.isOf(stream.facts.index, stream.facts.serial) && rate > 0) return rate;
    return stream.tracks.at(-1)?.address.sampleRate ?? null;
  }
  jitterMs(stream: KnownStream): number {
    let worst = 0;
    for (const meter of stream.tracks) if (!meter.isGone) worst = Math.max(worst, meter.figures.jitterMs);
    return worst;
  }
  missingFrames(stream: KnownStream): number {
    let sum = 0;
    for (const meter of stream.tracks) if (!meter.isGone) sum += meter.figures.missingFrames;
    return sum;
  }
  level(stream: KnownStream, nowMs: number): number {
    stream.levelReadMs = nowMs;
    stream.levelDb = silentLevelDb;
    for (const meter of stream.tracks) stream.levelDb = Math.max(stream.levelDb, meter.level(nowMs, this.frame));
    return stream.levelDb;
  }

  row(stream: KnownStream, nowMs: number): Row {
    const { facts, tracks } = stream;
    const queuedMs = this.queuedMs(stream);
    return {
      id: facts.id,
      callId: facts.callId,
      correlationId: facts.correlationId,
      labels: facts.labels,
      mode: this.mode(stream),
      sampleRate: this.sampleRate(stream),
      connectedAt: facts.connectedAt,
      state: this.state(stream),
      levels: tracks.slice(0, levelsMax).map((meter) => meter.level(nowMs, this.frame)),
      participants: tracks.length,
      jitterMs: tenth(this.jitterMs(stream)),
      missingFrames: this.missingFrames(stream),
      droppedMessages: this.droppedMessages(stream),
      playback: queuedMs < 0 ? null : { isSpeaking: this.isSpeaking(stream), queuedMs },
    };
  }

  private droppedMessages({ facts: { index, serial } }: KnownStream): number {
    if (!this.states.isOf(index, serial)) return 0;
    this.slot.moveTo(index);
    return dropReasons.reduce((sum, reason) => sum + this.slot.dropped(reason), this.states.dropped(index));
  }
}
