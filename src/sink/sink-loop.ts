/**
 * Reads the rings of all tracks for one sink: each track once per interval, spread evenly, and at once when it ends. An
 * exception of the sink stays with its track: counted, told, and the frames go on being read, so that nothing piles up.
 * Invariants: for each ring, frames published = read + lapped when its track has ended; whenever this thread dies, another
 * one goes on with the frames that were not yet flushed. Sink thread.
 */
import { Complaints } from '../complaints.ts';
import { withoutPath } from '../errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { Frame, type RingHandle, RingReader } from '../ring/reader.ts';
import { BackOff } from './back-off.ts';
import { type FromSink, ringKey, sinkCounter, type ToSink, type TrackNews } from './messages.ts';
import { Memo, Progress } from './progress.ts';
import type { Sink, Track, TrackWriter } from './sink.ts';

interface Reading {
  readonly track: Track;
  readonly ring: RingHandle;
  readonly reader: RingReader;
  readonly memo: Memo;
  /** Null while the sink cannot open it. */
  writer: TrackWriter | null;
  readonly openBackOff: BackOff;
  openDueMs: number;
  dueMs: number;
  /** How many frames the ring had at its end; null while it goes on. */
  framesTotal: number | null;
}

/** How often the loop looks for tracks that are due; their readings are spread over the interval by as much. */
const tickMs = 10;
/** After so long a track that could not be opened is tried again, later up to this. */
const openAgainMs = { first: 500, most: 5000 };

export class SinkLoop {
  private readonly memory: SharedMemory;
  private readonly sink: Sink;
  private readonly counters: Float64Array;
  private readonly tell: (message: FromSink) => void;
  private readonly complaints: Complaints<string>;
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
    this.complaints = new Complaints((message, streamId, leftOut) =>
      tell({ type: 'error', streamId, message, leftOut }),
    );
  }

  start(): void {
    this.timer = setInterval(() => this.tick(performance.now()), tickMs);
  }

  take(message: ToSink): void {
    switch (message.type) {
      case 'started':
        for (const news of message.tracks) this.started(news);
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

  private started({ track, ring, progress, ofStream }: TrackNews): void {
    const nowMs = performance.now();
    const memo = new Memo(new Progress(progress), new Float64Array(ofStream));
    const reader = new RingReader(this.memory, ring);
    reader.resume(memo.next, memo.framesLapped);
    const reading: Reading = {
      track,
      ring,
      reader,
      memo,
      writer: null,
      openBackOff: new BackOff(openAgainMs.first, openAgainMs.most),
      openDueMs: nowMs,
      // A random phase spreads the readings of many tracks over the interval.
      dueMs: nowMs + Math.random() * this.sink.readIntervalMs,
      framesTotal: null,
    };
    this.readings.set(ringKey(ring), reading);
    this.tracksOfStream.set(track.streamId, (this.tracksOfStream.get(track.streamId) ?? 0) + 1);
    this.open(reading, nowMs);
    memo.commit(reader.next, reader.framesLapped);
  }

  private ended(ring: RingHandle, frames: number): void {
    const reading = this.readings.get(ringKey(ring));
    if (reading === undefined) return;
    const { track, reader, memo } = reading;
    reading.framesTotal = frames;
    // The last chance for what could not be opened.
    reading.openDueMs = 0;
    this.readAll(reading, performance.now());
    if (reading.writer === null) this.open(reading, performance.now());
    this.readings.delete(ringKey(ring));
    const { framesRead, framesLapped } = reader;
    this.guard(reading, () => reading.writer?.end({ framesRead, framesLapped }));
    memo.commit(reader.next, framesLapped);
    this.tell({ type: 'drained', ring });
    this.tracksOfStream.set(track.streamId, this.tracksOfStream.get(track.streamId)! - 1);
    this.forgetStream(track.streamId);
    this.closeIfDone();
  }

  private tick(nowMs: number): void {
    for (const reading of this.readings.values()) {
      if (reading.dueMs > nowMs) continue;
      reading.dueMs = Math.max(reading.dueMs + this.sink.readIntervalMs, nowMs);
      this.readAll(reading, nowMs);
    }
    this.complaints.tick(nowMs);
  }

  private open(reading: Reading, nowMs: number): void {
    try {
      reading.writer = this.sink.open(reading.track, reading.memo);
      reading.openBackOff.succeeded();
    } catch (error) {
      reading.openDueMs = nowMs + reading.openBackOff.failed();
      this.failed(reading.track, error);
    }
  }

  /** Reads what a ring has and lets the sink write it. */
  private readAll(reading: Reading, nowMs: number): void {
    const { reader, memo } = reading;
    if (reading.writer === null && reading.openDueMs <= nowMs) this.open(reading, nowMs);
    const { writer } = reading;
    let result = reader.read(this.frame);
    for (; result === 'frame'; result = reader.read(this.frame)) {
      if (writer === null) memo.framesLost++;
      else this.write(reading, writer);
    }
    if (result === 'gone') reader.abandon(reading.framesTotal ?? reader.next);
    if (writer !== null) {
      this.guard(reading, () => writer.flush());
      if (!writer.isOpen) reading.writer = null;
    }
    memo.commit(reader.next, reader.framesLapped);
  }

  private write(reading: Reading, writer: TrackWriter): void {
    try {
      writer.write(this.frame);
    } catch (error) {
      reading.memo.framesLost++;
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

  private failed(track: Track | null, error: unknown): void {
    this.counters[sinkCounter.errors]! += 1;
    this.complaints.add(withoutPath(error), track?.streamId ?? '', performance.now());
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
    this.sink
      .close()
      .catch((error: unknown) => this.failed(null, error))
      .finally(() => {
        this.complaints.tellAll();
        this.tell({ type: 'closed' });
      });
  }
}
