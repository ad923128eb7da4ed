/**
 * Keeps the console's thread informed of the streams: which there are, their rings, their states. Looks ten times a second while somebody looks, so no
 * stage has to know of it. Main thread.
 */
import { frameDurationMs } from '../base/limits.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import { describeRing } from '../stream/ring-report.ts';
import type { Stream } from '../stream/stream.ts';
import type { OpenedStream, ToConsole, TrackAddress } from './messages.ts';
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

  sweep(): void {
    const { registry, post } = this.options;
    const opened: OpenedStream[] = [];
    const changed: Stream[] = [];
    const streams = registry.all;
    for (const stream of streams) {
      let known = this.known.get(stream.id);
      if (known === undefined) {
        known = { serial: ++this.serials, rings: [], spokenRing: -1 };
        this.known.set(stream.id, known);
        opened.push(openedStream(stream, known.serial));
      }
      this.writeState(stream, known.serial);
      if (hasOtherRings(stream, known)) changed.push(stream);
    }
    if (opened.length > 0) post({ type: 'opened', streams: opened });
    for (const stream of changed) this.postTracks(stream);
    if (this.known.size === streams.length) return;
    const gone = Array.from(this.known.keys()).filter((id) => registry.find(id) === undefined);
    for (const id of gone) this.known.delete(id);
    post({ type: 'gone', ids: gone });
  }

  private writeState(stream: Stream, serial: number): void {
    const { index, speaker, phase, isStalled, messagesLaneFull, messagesRateLimited } = stream;
    const state = phase === 'open' && isStalled ? 'stalled' : phase;
    const queuedMs = speaker === null ? -1 : speaker.report.queued * frameDurationMs;
    const dropped = messagesLaneFull + messagesRateLimited;
    const { states } = this.options;
    states.write(index, serial, state, dropped, queuedMs, speaker?.isSpeaking === true, speaker?.cutMs ?? 0);
  }

  private postTracks(stream: Stream): void {
    const { post } = this.options;
    const known = this.known.get(stream.id)!;
    known.rings = [...stream.rings];
    known.spokenRing = stream.speaker?.ringIndex ?? -1;
    const tracks = stream.rings.map(({ index }) => this.address(index));
    const spoken = known.spokenRing < 0 ? null : this.address(known.spokenRing);
    post({ type: 'tracks', id: stream.id, tracks, spoken });
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
