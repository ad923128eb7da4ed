/**
 * The loop of a sink's thread: reads each track once per interval, spread evenly, and at once when it ends, or when its frames are
 * about to be overwritten and the sink needs them all. An exception of the sink stays with its track: counted, reported, and the
 * frames are still read, so that nothing piles up. A sink that learns only later whether it has kept something works in rounds, one
 * at a time: what a failed round had read is read again. Invariants: for each ring, frames published = read + lapped when its track
 * has ended; whenever this thread dies, another one continues with the frames that were not yet flushed. Sink thread.
 */
import { ErrorThrottle } from '../base/error-throttle.ts';
import { redactPath } from '../base/errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { type RingAddress, ringKey } from '../ring/cursor.ts';
import { Frame } from '../ring/frame.ts';
import { Alarm } from './alarm.ts';
import { type FromSink, sinkCounter, type ToSink, type TrackStart } from './messages.ts';
import { settledInTime, settlingOf } from './settling.ts';
import type { Sink } from './sink.ts';
import type { SinkGate } from './sink-gate.ts';
import { SinkStreams } from './sink-streams.ts';
import { StreamEnds } from './stream-ends.ts';
import { nextVisitMs, TrackReader } from './track-reader.ts';

/** How often the loop looks for tracks that are due, and if none is. A sink with rounds may have something of its own to say in one. */
const tickMs = 10;
const idleTickMs = 100;

export class SinkLoop {
  private readonly memory: SharedMemory;
  private readonly sink: Sink;
  private readonly counters: Float64Array;
  private readonly tell: (message: FromSink) => void;
  private readonly errorThrottle: ErrorThrottle<string>;
  private readonly frame = new Frame();
  private readonly trackReaders = new Map<string, TrackReader>();
  private readonly streamEnds: StreamEnds;
  private readonly streams: SinkStreams;
  /** Goes round the readers, so that each has its turn when a round is full before its end. */
  private turn: Iterator<TrackReader> = this.trackReaders.values();
  /** What was read in this round; always empty for a sink that need not settle. */
  private round: TrackReader[] = [];
  private isSettling = false;
  private readonly gate: SinkGate;
  /** When the thread is cut off; null: it need not close yet. */
  private closeDueMs: number | null = null;
  private readonly alarm = new Alarm((nowMs) => this.tick(nowMs));

  constructor(
    memory: SharedMemory,
    sink: Sink,
    counters: SharedArrayBuffer,
    tell: (message: FromSink) => void,
    gate: SinkGate,
    holder = -1,
  ) {
    this.memory = memory;
    this.sink = sink;
    this.gate = gate;
    this.counters = new Float64Array(counters);
    this.tell = tell;
    this.streamEnds = new StreamEnds(sink, this.report, tell);
    this.streams = new SinkStreams(sink, holder, this.report);
    this.errorThrottle = new ErrorThrottle((message, streamId, suppressed) =>
      tell({ type: 'error', streamId, message, suppressed }),
    );
  }

  start(): void {
    this.counters[sinkCounter.ready] = Number(this.isReady);
    this.alarm.set(performance.now() + tickMs);
    if (this.sink.needsEveryFrame) this.gate.open(() => this.readUrged());
  }

  /** Counts and tells an error. */
  readonly report = (error: unknown, streamId = ''): void => {
    this.counters[sinkCounter.errors]! += 1;
    this.errorThrottle.add(redactPath(error), streamId, performance.now());
  };

  take(message: ToSink): void {
    this.alarm.set(performance.now() + tickMs);
    switch (message.type) {
      case 'streamsStarted':
      case 'streamOver':
        this.streams.take(message);
        return;
      case 'started':
        for (const start of message.tracks) this.started(start);
        this.settle();
        return;
      case 'ended':
        this.ended(message.ring, message.frames);
        return;
      case 'streamEnded':
        this.streamEnds.streamEnded(message.stream);
        return;
      case 'callRecorded':
        this.guard(() => this.sink.callRecorded?.(message.call), undefined);
        return;
      case 'close':
        this.closeDueMs = performance.now() + message.withinMs;
        this.closeIfDone();
        return;
    }
  }

  private started(start: TrackStart): void {
    const nowMs = performance.now();
    const trackReader = new TrackReader(this.memory, start, this.streams.of(start.track), nowMs, this.report);
    this.trackReaders.set(ringKey(start.ring), trackReader);
    this.gate.note(start.ring, trackReader.reader.next);
    this.streamEnds.trackBegan(start.track.streamId);
    if (this.takesFrames) this.visit(trackReader, nowMs);
  }

  private ended(ring: RingAddress, frames: number): void {
    const trackReader = this.trackReaders.get(ringKey(ring));
    if (trackReader === undefined) return;
    trackReader.framesTotal = frames;
    // The last chance for what could not be opened.
    trackReader.openDueMs = 0;
    trackReader.dueMs = 0;
    if (this.takesFrames) this.visit(trackReader, performance.now());
    this.settle();
  }

  private get takesFrames(): boolean {
    return !this.isSettling && this.isReady;
  }

  /** A sink that cannot say whether it is ready is not. */
  private get isReady(): boolean {
    return this.guard(() => this.sink.isReady, false);
  }

  /** What the sink throws stays with the call: counted, reported, and answered with `instead`. */
  private guard<Result>(call: () => Result, instead: Result): Result {
    try {
      return call();
    } catch (error) {
      this.report(error);
      return instead;
    }
  }

  private tick(nowMs: number): void {
    this.errorThrottle.tick(nowMs);
    if (!this.isSettling) {
      const { isReady } = this;
      this.gate.takesFrames(isReady);
      this.counters[sinkCounter.ready] = Number(isReady);
      if (isReady) this.visitDue(nowMs);
      else for (const trackReader of this.trackReaders.values()) this.fallBehind(trackReader);
      this.settle();
    }
    const latestMs = nowMs + (this.sink.settle === undefined ? idleTickMs : tickMs);
    this.alarm.set(Math.min(latestMs, nextVisitMs(this.trackReaders.values(), nowMs + tickMs)));
  }

  private visitDue(nowMs: number): void {
    while (this.isReady) {
      const { done, value: trackReader } = this.turn.next();
      if (done) {
        this.turn = this.trackReaders.values();
        return;
      }
      if (trackReader.dueMs <= nowMs) this.visit(trackReader, nowMs);
    }
  }

  /** Reads the rings whose frames are about to be overwritten. */
  private readUrged(): void {
    if (!this.takesFrames) return;
    const nowMs = performance.now();
    for (const trackReader of this.gate.urgedOf(this.trackReaders)) {
      if (!this.isReady) break;
      if (!trackReader.isOver && trackReader.reader.lag >= this.gate.urgentFrames) this.visit(trackReader, nowMs, true);
    }
    this.settle();
  }

  private visit(trackReader: TrackReader, nowMs: number, isUrged = false): void {
    const isLast = trackReader.framesTotal !== null;
    const isOpened = trackReader.tryToOpen(this.sink, nowMs);
    if (isOpened && !isLast && !isUrged && trackReader.reader.next === 0) {
      // A random phase spreads the trackReaders of many tracks over the interval.
      trackReader.dueMs = nowMs + this.sink.leadMs + Math.random() * this.sink.readIntervalMs;
    } else {
      trackReader.dueMs = Math.max((isUrged ? nowMs : trackReader.dueMs) + this.sink.readIntervalMs, nowMs);
      trackReader.readAll(this.frame);
      if (isLast) trackReader.end();
    }
    if (!isOpened && !isLast && !trackReader.hasNews) return;
    if (this.sink.settle === undefined) this.hold(trackReader);
    else this.round.push(trackReader);
  }

  /** The sink takes nothing: the track waits in its ring, and is over if that was given away. */
  private fallBehind(trackReader: TrackReader): void {
    trackReader.fallBehind();
    if (trackReader.isOver || trackReader.hasNews) this.hold(trackReader);
  }

  /** Ends a round: what it has read holds once the sink has settled. */
  private settle(): void {
    if (this.isSettling) return;
    const trackReaders = this.round;
    const settling = settlingOf(this.sink);
    if (trackReaders.length > 0) this.round = [];
    if (settling === null) {
      for (const trackReader of trackReaders) this.hold(trackReader);
      return;
    }
    this.isSettling = true;
    const roundEnded = (outcome: (trackReader: TrackReader) => void) => {
      this.isSettling = false;
      for (const trackReader of trackReaders) outcome(trackReader);
      this.readUrged();
    };
    settledInTime(settling).then(
      () => roundEnded((trackReader) => this.hold(trackReader)),
      (error: unknown) => {
        this.report(error);
        roundEnded((trackReader) => trackReader.rewind());
      },
    );
  }

  /** What was read of it holds. If it was the end, the main thread is notified. */
  private hold(trackReader: TrackReader): void {
    trackReader.commit();
    this.gate.note(trackReader.ring, trackReader.reader.next);
    if (!trackReader.isOver) return;
    this.trackReaders.delete(ringKey(trackReader.ring));
    this.tell({ type: 'drained', ring: trackReader.ring });
    this.streamEnds.trackOver(trackReader.track.streamId);
    this.closeIfDone();
  }

  private closeIfDone(): void {
    if (this.closeDueMs === null || this.trackReaders.size > 0) return;
    this.alarm.off();
    this.gate.close();
    (async () => this.sink.close(this.closeDueMs! - performance.now()))()
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        this.errorThrottle.tellAll();
        this.tell({ type: 'closed' });
      });
  }
}
