/**
 * Reads the rings of all tracks for one sink: each track once per interval, spread evenly, and at once when it ends. An
 * exception of the sink stays with its track: counted, told, and the frames go on being read, so that nothing piles up.
 * Invariant: for each ring, frames published = read + lapped when its track has ended. Sink thread.
 */
import type { SharedMemory } from '../memory/shared-memory.ts';
import { Frame, type RingHandle, RingReader } from '../ring/reader.ts';
import { type FromSink, sinkCounter, type ToSink } from './messages.ts';
import type { Sink, Track, TrackWriter } from './sink.ts';

interface Reading {
  readonly track: Track;
  readonly reader: RingReader;
  /** Null when the sink could not open it. */
  readonly writer: TrackWriter | null;
  dueMs: number;
  /** How many frames the ring had at its end; null while it goes on. */
  framesTotal: number | null;
  lappedCounted: number;
}

/** How often the loop looks for tracks that are due; their readings are spread over the interval by as much. */
const tickMs = 10;

function keyOf(ring: RingHandle): string {
  return `${ring.index}:${ring.generation}`;
}

/** What went wrong, without the path of a file: it has the participant's id in it, which is personal data. */
function describe(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code !== undefined && syscall !== undefined) return `${code}: ${syscall}`;
  return error instanceof Error ? message : String(error);
}

export class SinkLoop {
  private readonly memory: SharedMemory;
  private readonly sink: Sink;
  private readonly counters: Float64Array;
  private readonly tell: (message: FromSink) => void;
  private readonly frame = new Frame();
  private readonly readings = new Map<string, Reading>();
  private readonly tracksOfStream = new Map<string, number>();
  private readonly endedStreams = new Set<string>();
  private isClosing = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(memory: SharedMemory, sink: Sink, counters: SharedArrayBuffer, tell: (message: FromSink) => void) {
    this.memory = memory;
    this.sink = sink;
    this.counters = new Float64Array(counters);
    this.tell = tell;
  }

  start(): void {
    this.timer = setInterval(() => this.tick(performance.now()), tickMs);
  }

  take(message: ToSink): void {
    switch (message.type) {
      case 'started':
        this.started(message.track, message.ring);
        return;
      case 'ended':
        this.ended(message.ring, message.frames);
        return;
      case 'streamEnded':
        this.endedStreams.add(message.streamId);
        this.forgetStream(message.streamId);
        return;
      case 'close':
        this.isClosing = true;
        this.closeIfDone();
        return;
    }
  }

  private started(track: Track, ring: RingHandle): void {
    let writer: TrackWriter | null = null;
    try {
      writer = this.sink.open(track);
    } catch (error) {
      this.failed(track, error);
    }
    // A random phase spreads the readings of many tracks over the interval.
    const dueMs = performance.now() + Math.random() * this.sink.readIntervalMs;
    const reader = new RingReader(this.memory, ring);
    this.readings.set(keyOf(ring), { track, reader, writer, dueMs, framesTotal: null, lappedCounted: 0 });
    this.tracksOfStream.set(track.streamId, (this.tracksOfStream.get(track.streamId) ?? 0) + 1);
  }

  private ended(ring: RingHandle, frames: number): void {
    const reading = this.readings.get(keyOf(ring));
    if (reading === undefined) return;
    reading.framesTotal = frames;
    this.readAll(reading);
    this.readings.delete(keyOf(ring));
    const { framesRead, framesLapped } = reading.reader;
    this.counters[sinkCounter.unaccounted]! += frames - framesRead - framesLapped;
    this.guard(reading, () => reading.writer?.end({ framesRead, framesLapped }));
    this.tell({ type: 'drained', streamId: reading.track.streamId, framesRead, framesLapped });
    const left = this.tracksOfStream.get(reading.track.streamId)! - 1;
    this.tracksOfStream.set(reading.track.streamId, left);
    this.forgetStream(reading.track.streamId);
    this.closeIfDone();
  }

  private tick(nowMs: number): void {
    for (const reading of this.readings.values()) {
      if (reading.dueMs > nowMs) continue;
      reading.dueMs = Math.max(reading.dueMs + this.sink.readIntervalMs, nowMs);
      this.readAll(reading);
    }
  }

  /** Reads what a ring has and lets the sink write it. */
  private readAll(reading: Reading): void {
    const { reader, writer } = reading;
    const readBefore = reader.framesRead;
    let result = reader.read(this.frame);
    for (; result === 'frame'; result = reader.read(this.frame)) {
      if (writer !== null) this.write(reading, writer);
    }
    if (result === 'gone') reader.abandon(reading.framesTotal ?? reader.next);
    this.guard(reading, () => writer?.flush());
    this.counters[sinkCounter.frames]! += reader.framesRead - readBefore;
    this.counters[sinkCounter.lapped]! += reader.framesLapped - reading.lappedCounted;
    reading.lappedCounted = reader.framesLapped;
  }

  private write(reading: Reading, writer: TrackWriter): void {
    try {
      writer.write(this.frame);
    } catch (error) {
      this.failed(reading.track, error);
    }
  }

  private guard(reading: Reading, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.failed(reading.track, error);
    }
  }

  private failed(track: Track, error: unknown): void {
    this.counters[sinkCounter.errors]! += 1;
    this.tell({ type: 'error', streamId: track.streamId, message: describe(error) });
  }

  private forgetStream(streamId: string): void {
    if (!this.endedStreams.has(streamId) || (this.tracksOfStream.get(streamId) ?? 0) > 0) return;
    this.endedStreams.delete(streamId);
    this.tracksOfStream.delete(streamId);
    this.sink.streamEnded(streamId);
  }

  private closeIfDone(): void {
    if (!this.isClosing || this.readings.size > 0) return;
    if (this.timer !== null) clearInterval(this.timer);
    this.sink.close().then(
      () => this.tell({ type: 'closed' }),
      (error: unknown) => {
        this.counters[sinkCounter.errors]! += 1;
        this.tell({ type: 'error', streamId: '', message: describe(error) });
        this.tell({ type: 'closed' });
      },
    );
  }
}
