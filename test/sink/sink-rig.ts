/** A sink's loop on small rings in the test's own thread, and a sink that notes what it is given and fails when told to. */
import { ring } from '../../src/memory/layout.ts';
import type { RingAddress } from '../../src/ring/cursor.ts';
import type { Frame } from '../../src/ring/frame.ts';
import type { RingWriter } from '../../src/ring/writer.ts';
import {
  type FromSink,
  type StreamEnd,
  sinkCounter,
  sinkCountersBytes,
  streamCheckpointDoubles,
  type TrackStart,
} from '../../src/sink/messages.ts';
import { type Checkpoint, Progress } from '../../src/sink/progress.ts';
import type { Sink, SinkStream, Track, TrackEnd, TrackWriter } from '../../src/sink/sink.ts';
import { SinkGate } from '../../src/sink/sink-gate.ts';
import { SinkLoop } from '../../src/sink/sink-loop.ts';
import { openRing, smallMemory } from '../ring/ring-rig.ts';

export type SinkMethod = 'open' | 'write' | 'flush' | 'end' | 'close';

/** What a thread is told of the end of a stream. */
export function endOf(streamId = 's'): StreamEnd {
  const ofStream = new SharedArrayBuffer(8 * streamCheckpointDoubles);
  return { streamId, callConnectionId: 'call', correlationId: null, ofStream };
}

export function trackOf(participantId: string | null, streamId = 's'): Track {
  return { streamId, callConnectionId: 'call', correlationId: null, participantId, sampleRate: 16_000 };
}

/** A stream into which nothing can be said. */
export function streamOf(streamId = 's'): SinkStream {
  const playback = (): never => {
    throw new Error('the sink does not speak');
  };
  return { streamId, callConnectionId: 'call', correlationId: null, playback };
}

/** Notes the sequence numbers of what each participant's writers were given, writer by writer. */
export class NotingSink implements Sink {
  readonly readIntervalMs = 100;
  readonly writers: number[][] = [];
  readonly ends: TrackEnd[] = [];
  readonly streamsEnded: string[] = [];
  /** What throws. */
  failing: SinkMethod | null = null;
  /** Called with each frame before it is noted. */
  onFrame: (frame: Frame) => void = () => {};
  isOpen = true;

  readonly leadMs: number = 0;
  needsEveryFrame = false;
  isReady = true;

  start(): void {}

  open(_track: Track, checkpoint: Checkpoint): TrackWriter {
    this.failIf('open');
    const noted: number[] = [];
    this.writers.push(noted);
    const sink = this;
    return {
      get isOpen() {
        return sink.isOpen;
      },
      write: (frame) => {
        this.onFrame(frame);
        this.failIf('write');
        noted.push(frame.sequence);
        checkpoint.own[0]! += 1;
      },
      flush: () => this.failIf('flush'),
      end: (end) => {
        this.failIf('end');
        this.ends.push(end);
      },
    };
  }

  streamEnded(streamId: string): void {
    this.streamsEnded.push(streamId);
  }

  async close(): Promise<void> {
    this.failIf('close');
  }

  private failIf(method: SinkMethod): void {
    if (this.failing === method) throw Object.assign(new Error(`/secret/${method}`), { code: 'EIO', syscall: method });
  }
}

/** One that learns only later whether what it was given is kept: when a test says so. */
export class SettlingSink extends NotingSink {
  /** Rounds that wait for their outcome. */
  readonly rounds: PromiseWithResolvers<void>[] = [];
  /** What was given to it since the last round. */
  private hasNews = false;
  /** Turns itself off when it has been given so many frames in a round. */
  framesPerRound = Number.POSITIVE_INFINITY;
  private framesInRound = 0;

  override open(track: Track, checkpoint: Checkpoint): TrackWriter {
    const writer = super.open(track, checkpoint);
    this.hasNews = true;
    return {
      isOpen: true,
      flush: () => writer.flush(),
      end: (end) => writer.end(end),
      write: (frame) => {
        this.hasNews = true;
        this.framesInRound++;
        if (this.framesInRound >= this.framesPerRound) this.isReady = false;
        writer.write(frame);
      },
    };
  }

  /** Has something of its own to publish. */
  speak(): void {
    this.hasNews = true;
  }

  settle(): Promise<void> | null {
    if (!this.hasNews) return null;
    this.hasNews = false;
    const round = Promise.withResolvers<void>();
    this.rounds.push(round);
    return round.promise.finally(() => {
      this.framesInRound = 0;
      this.isReady = true;
    });
  }
}

export class SinkRig<S extends NotingSink = NotingSink> {
  readonly sink: S;
  readonly told: FromSink[] = [];
  readonly counters = new SharedArrayBuffer(sinkCountersBytes);
  readonly memory;
  readonly pool;
  loop: SinkLoop;
  private threads = 0;

  constructor(ringSlotCount = 12, sink: S = new NotingSink() as S) {
    this.sink = sink;
    ({ memory: this.memory, pool: this.pool } = smallMemory(4, ringSlotCount));
    this.loop = this.newThread();
  }

  /** A loop that knows nothing, as in a thread that was just started. The one before does nothing any more. */
  newThread(): SinkLoop {
    const gate = new SinkGate(this.memory, { index: 0, thread: ++this.threads });
    this.loop = new SinkLoop(this.memory, this.sink, this.counters, (message) => this.told.push(message), gate);
    this.loop.start();
    return this.loop;
  }

  /** A participant with its ring, announced to the loop. */
  begin(id = 'a'): {
    readonly writer: RingWriter;
    readonly ring: RingAddress;
    readonly start: TrackStart;
    readonly progress: Progress;
  } {
    const writer = openRing(this.memory, this.pool, id);
    const handle = { index: writer.index, generation: writer.i32[(writer.at + ring.generation) / 4]! };
    const progress = new Progress();
    const ofStream = new SharedArrayBuffer(8 * streamCheckpointDoubles);
    const start = { track: trackOf(id), ring: handle, progress: progress.buffer, ofStream };
    this.loop.take({ type: 'started', tracks: [start] });
    return { writer, ring: handle, start, progress };
  }

  get errors(): number {
    return new Float64Array(this.counters)[sinkCounter.errors]!;
  }

  toldOf<T extends FromSink['type']>(type: T): Extract<FromSink, { type: T }>[] {
    return this.told.filter((message): message is Extract<FromSink, { type: T }> => message.type === type);
  }
}
