/**
 * Keeps the console's thread informed of the streams: which there are, their rings, their states. Looks ten times a second while somebody looks, so no
 * stage has to know of it. Main thread.
 */
import { frameDurationMs } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import { describeRing } from '../stream/ring-report.ts';
import type { Stream } from '../stream/stream.ts';
import type { OpenedStream, StreamTracks, ToConsole, TrackAddress } from './messages.ts';
import type { StreamStates } from './stream-states.ts';

export interface StreamFeedOptions {
  readonly memory: SharedMemory;
  readonly registry: StreamRegistry;
  readonly states: StreamStates;
  readonly post: (message: ToConsole) => void;
}

interface Known {
  readonly serial: number;
  /** As they were told. */
  rings: readonly object[];
  spokenRing: number;
}

/** New streams that are told in one turn of the event loop: some milliseconds. */
const toldPerTurn = 100;

export class StreamFeed {
  private readonly options: StreamFeedOptions;
  private readonly known = new Map<string, Known>();
  private serials = 0;

  constructor(options: StreamFeedOptions) {
    this.options = options;
  }

  /** A thread that knows nothing has taken over. */
  reset(): void {
    this.known.clear();
  }

  /** Looks at all streams. Of many new ones, as when a thread has just begun, it tells some in each turn of the event loop. */
  sweep(): void {
    const { registry, post } = this.options;
    const { all } = registry;
    const told: Stream[] = [];
    const changed: Stream[] = [];
    let untold = 0;
    for (const stream of all) {
      let known = this.known.get(stream.id);
      if (known === undefined) {
        if (told.length === toldPerTurn) {
          untold++;
          continue;
        }
        known = this.learn(stream);
        told.push(stream);
      }
      this.writeState(stream, known.serial);
      if (hasOtherRings(stream, known)) changed.push(stream);
    }
    this.tell(told, changed);
    if (untold > 0) setImmediate(() => this.sweep());
    if (this.known.size === all.length - untold) return;
    const gone = Array.from(this.known.keys()).filter((id) => registry.find(id) === undefined);
    for (const id of gone) this.known.delete(id);
    post({ type: 'gone', ids: gone });
  }

  /** Before the thread is asked for something of this stream: it knows it. */
  introduce(stream: Stream): void {
    if (this.known.has(stream.id)) return;
    this.writeState(stream, this.learn(stream).serial);
    this.tell([stream], [stream]);
  }

  private learn(stream: Stream): Known {
    const known = { serial: ++this.serials, rings: [], spokenRing: -1 };
    this.known.set(stream.id, known);
    return known;
  }

  private tell(opened: readonly Stream[], changed: readonly Stream[]): void {
    const { post } = this.options;
    const streams = opened.map((stream) => openedStream(stream, this.known.get(stream.id)!.serial));
    if (streams.length > 0) post({ type: 'opened', streams });
    if (changed.length > 0) post({ type: 'tracks', streams: changed.map((stream) => this.tracksOf(stream)) });
  }

  private writeState(stream: Stream, serial: number): void {
    const { index, speaker, state, messagesLaneFull, messagesRateLimited } = stream;
    const queuedMs = speaker === null ? -1 : speaker.report.queued * frameDurationMs;
    const dropped = messagesLaneFull + messagesRateLimited;
    const { states } = this.options;
    states.write(index, serial, state, dropped, queuedMs, speaker?.isSpeaking === true, speaker?.cutMs ?? 0);
  }

  private tracksOf(stream: Stream): StreamTracks {
    const known = this.known.get(stream.id)!;
    known.rings = [...stream.rings];
    known.spokenRing = stream.speaker?.ringIndex ?? -1;
    const tracks = stream.rings.map(({ index }) => this.address(index));
    const spoken = known.spokenRing < 0 ? null : this.address(known.spokenRing);
    return { id: stream.id, tracks, spoken };
  }

  private address(ringIndex: number): TrackAddress {
    const { handle: ring, id, sampleRate } = describeRing(this.options.memory, ringIndex);
    return { ring, id, sampleRate };
  }
}

function hasOtherRings({ rings, speaker }: Stream, known: Known): boolean {
  if (rings.length !== known.rings.length || (speaker?.ringIndex ?? -1) !== known.spokenRing) return true;
  for (let i = 0; i < rings.length; i++) if (rings[i] !== known.rings[i]) return true;
  return false;
}

function openedStream({ id, index, lane, facts, connectedAt, connectedMs }: Stream, serial: number): OpenedStream {
  return {
    id,
    index,
    serial,
    lane: lane.index,
    callId: facts.callConnectionId,
    correlationId: facts.correlationId,
    labels: facts.labels ?? {},
    connectedAt: connectedAt.toISOString(),
    connectedMs,
  };
}
