/** The streams that a sink may speak into, in its thread, and the one way into each of them. Sink thread. */
import { GatewayError } from '../base/errors.ts';
import type { PlaybackHandle } from '../playback/handle.ts';
import { claimWriter } from '../playback/holder.ts';
import type { PlaybackWriter } from '../playback/writer.ts';
import { type Labels, labelled } from '../ring/track.ts';
import type { StreamStart, ToSink } from './messages.ts';
import type { Sink, SinkStream, StreamFacts } from './sink.ts';

class SpokenStream implements SinkStream {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly labels?: Labels;
  readonly #holder: number;
  #handle: PlaybackHandle | null = null;
  #writer: PlaybackWriter | null = null;
  /** Why there is no handle. */
  #refusal: string;

  constructor(facts: StreamFacts, holder: number, refusal: string) {
    this.streamId = facts.streamId;
    this.callConnectionId = facts.callConnectionId;
    this.correlationId = facts.correlationId;
    Object.assign(this, labelled(facts));
    this.#holder = holder;
    this.#refusal = refusal;
  }

  playback(): PlaybackWriter {
    if (this.#writer !== null) return this.#writer;
    if (this.#handle === null) throw new GatewayError('playback_refused', this.#refusal);
    this.#writer = claimWriter(this.#handle, this.#holder);
    return this.#writer;
  }

  use(handle: PlaybackHandle): void {
    this.#handle = handle;
    this.#writer = null;
  }

  /** A writer that was asked for stays, and is closed. */
  close(): void {
    this.#handle = null;
    this.#refusal = hasEnded;
  }
}

const hasEnded = 'the stream has ended';
const noWay = 'there is no way into this stream: it has ended, or there was no memory for it';
const isSilent = 'the sink does not say that it speaks: it needs `speaks: true`';

export class SinkStreams {
  private readonly sink: Sink;
  private readonly holder: number;
  private readonly report: (error: unknown, streamId: string) => void;
  private readonly streams = new Map<string, SpokenStream>();

  constructor(sink: Sink, holder: number, report: (error: unknown, streamId: string) => void) {
    this.sink = sink;
    this.holder = holder;
    this.report = report;
  }

  /** The stream of a track. */
  of(facts: StreamFacts): SinkStream {
    const refusal = this.sink.speaks === true ? hasEnded : isSilent;
    return this.streams.get(facts.streamId) ?? new SpokenStream(facts, this.holder, refusal);
  }

  take(message: ToSink & { readonly type: 'streamsStarted' | 'streamOver' }): void {
    if (message.type === 'streamsStarted') this.started(message.streams);
    else this.over(message.streamId);
  }

  private started(starts: readonly StreamStart[]): void {
    for (const { playback, ...facts } of starts) {
      const known = this.streams.get(facts.streamId);
      const stream = known ?? new SpokenStream(facts, this.holder, noWay);
      if (playback !== null) stream.use(playback);
      if (known !== undefined) continue;
      this.streams.set(facts.streamId, stream);
      this.tell(stream, () => this.sink.streamStarted?.(stream));
    }
  }

  private over(streamId: string): void {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.streams.delete(streamId);
    stream.close();
    this.tell(stream, () => this.sink.streamOver?.(stream));
  }

  private tell({ streamId }: SinkStream, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.report(error, streamId);
    }
  }
}
