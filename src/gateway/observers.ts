/**
 * All observers of streams: sinks, readers in the user's threads, and listeners of events. What a listener
 * throws is thrown again outside, so that it reaches the process and not the stream. Main thread.
 */
import type { EventEmitter } from 'node:events';
import { GatewayError } from '../base/errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { PlaybackHandle } from '../playback/handle.ts';
import type { EndedUtterance, StartedUtterance } from '../playback/spoken-utterances.ts';
import type { ReaderGroup } from '../reader/reader-group.ts';
import { labelled, type Track } from '../ring/track.ts';
import type { SinkHost } from '../sink/host.ts';
import type { EndedStream } from '../stream/ended-stream.ts';
import { type ParticipantReport, type ParticipantRing, reportRing } from '../stream/ring-report.ts';
import type { EndedStall, Stall } from '../stream/stall-watch.ts';
import type { Stream, StreamRecording } from '../stream/stream.ts';
import type { StreamObserver } from '../stream/stream-observer.ts';
import { subscriptionIdOf } from '../stream/stream-report.ts';
import { ConnectedStream } from './connected-stream.ts';
import type { GatewayEvents, Participant } from './events.ts';

export type Events = EventEmitter<GatewayEvents>;

export interface ObserversOptions {
  readonly memory: SharedMemory;
  readonly sinks: readonly SinkHost[];
  readonly readers: readonly ReaderGroup[];
  readonly events: Events;
  /** The way into a stream. */
  readonly playback: (stream: Stream) => PlaybackHandle;
  /** The same for sinks; null if there is none. */
  readonly sinkPlayback: (stream: Stream) => PlaybackHandle | null;
}

function trackOf({ id, facts }: Stream, participant: ParticipantRing): Track {
  const { callConnectionId, correlationId } = facts;
  const { id: participantId, sampleRate } = participant;
  return { streamId: id, callConnectionId, correlationId, ...labelled(facts), participantId, sampleRate };
}

export class Observers implements StreamObserver {
  readonly readers: readonly string[];
  /** From `stream` to `streamEnded`, by id. */
  readonly streams = new Map<string, ConnectedStream>();
  private readonly options: ObserversOptions;

  constructor(options: ObserversOptions) {
    this.options = options;
    this.readers = [...options.sinks, ...options.readers].map(({ name }) => name);
  }

  streamStarted(stream: Stream): void {
    const connected = new ConnectedStream(stream, () => this.options.playback(stream));
    this.streams.set(stream.id, connected);
    // Before the sinks: the program chooses whether it speaks itself.
    this.tell('stream', connected);
    this.giveToSinks(stream);
  }

  mark({ id: streamId }: Stream, id: string, status: string): void {
    this.tell('mark', { streamId, id, status });
  }

  playbackStarted({ id: streamId }: Stream, utterance: StartedUtterance): void {
    this.tell('playbackStarted', { streamId, ...utterance });
  }

  playbackEnded({ id: streamId }: Stream, utterance: EndedUtterance): void {
    this.tell('playbackEnded', { streamId, ...utterance });
  }

  format(stream: Stream, sampleRate: number): void {
    const subscriptionId = subscriptionIdOf(this.options.memory, stream);
    this.tell('format', { streamId: stream.id, subscriptionId, sampleRate });
    // Another one, if the rate has changed.
    this.giveToSinks(stream);
  }

  started(stream: Stream, participant: ParticipantRing): void {
    const { sinks, readers } = this.options;
    const track = trackOf(stream, participant);
    for (const sink of sinks) sink.started(track, participant.handle);
    for (const reader of readers) reader.started(participant.handle, stream.id);
    const given = this.participant(track, participant);
    this.streams.get(stream.id)?.started(participant.handle.index, given);
    this.tell('participant', given);
  }

  ended(stream: Stream, participant: ParticipantRing): void {
    const { memory, sinks, readers, events } = this.options;
    const { handle, frames } = participant;
    for (const sink of sinks) sink.ended(handle, frames);
    for (const reader of readers) reader.ended(handle, frames);
    this.streams.get(stream.id)?.ended(handle.index);
    if (events.listenerCount('participantEnded') === 0) return;
    const report: ParticipantReport = reportRing(memory, handle.index);
    this.tell('participantEnded', trackOf(stream, participant), report);
  }

  tone({ id, facts }: Stream, tone: string): void {
    this.tell('dtmf', { streamId: id, callConnectionId: facts.callConnectionId, tone });
  }

  streamEnded(stream: Stream): void {
    for (const sink of this.options.sinks) {
      sink.streams.over(stream.id);
      sink.streamEnded(stream.id);
    }
  }

  failed(error: GatewayError): void {
    this.tell('failed', error);
  }

  stalled(stall: Stall): void {
    this.tell('stall', stall);
  }

  stallEnded(stall: EndedStall): void {
    this.tell('stallEnded', stall);
  }

  recorded(recording: StreamRecording): void {
    this.tell('recording', recording);
  }

  released(record: EndedStream): void {
    this.streams.delete(record.id);
    this.tell('streamEnded', record);
  }

  /** The way into a stream, to the sinks that speak. */
  private giveToSinks(stream: Stream): void {
    const speaking = this.options.sinks.filter(({ streams }) => streams.areWanted);
    if (speaking.length === 0) return;
    const { id: streamId, facts } = stream;
    const { callConnectionId, correlationId } = facts;
    const playback = this.options.sinkPlayback(stream);
    const start = { streamId, callConnectionId, correlationId, ...labelled(facts), playback };
    for (const { streams } of speaking) streams.started(start);
  }

  private participant(track: Track, { handle }: ParticipantRing): Participant {
    const { readers } = this.options;
    const ring = (name?: string) => {
      const reader = name === undefined && readers.length === 1 ? readers[0] : readers.find((one) => one.name === name);
      const names = readers.map((one) => JSON.stringify(one.name)).join(', ') || 'none';
      if (reader === undefined) {
        throw new GatewayError(
          'bad_handle',
          `no reader ${JSON.stringify(name)}: startGateway({ readers }) has ${names}`,
        );
      }
      const given = reader.handle(handle, track);
      if (given === null) throw new GatewayError('bad_handle', 'the participant has ended: ask for the ring at once');
      return given;
    };
    return { ...track, ring };
  }

  private tell<Name extends keyof GatewayEvents>(name: Name, ...args: GatewayEvents[Name]): void {
    try {
      (this.options.events as EventEmitter).emit(name, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}
