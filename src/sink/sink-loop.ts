/**
 * The loop of a sink's thread: reads each track once per interval, spread evenly, and at once when it ends, or when its frames
 * are about to be overwritten and the sink needs them all. An exception
 * of the sink stays with its track: counted, told, and the frames go on being read, so that nothing piles up. A sink that
 * learns only later whether it has kept something works in rounds, one at a time: what a failed round had read is read
 * again. Invariants: for each ring, frames published = read + lapped when its track has ended; whenever this thread dies,
 * another one goes on with the frames that were not yet flushed. Sink thread.
 */
import { Complaints } from '../base/error-throttle.ts';
import { withoutPath } from '../base/errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';
import { Frame } from '../ring/frame.ts';
import { type FromSink, ringKey, sinkCounter, type ToSink, type TrackNews } from './messages.ts';
import { settledInTime } from './settling.ts';
import type { Sink, Track } from './sink.ts';
import type { SinkGate } from './sink-gate.ts';
import { Reading } from './track-reader.ts';

/** How often the loop looks for tracks that are due; their readings are spread over the interval by as much. */
const tickMs = 10;

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
  /** Goes round the readings, so that each has its turn when a round is full before its end. */
  private turn: Iterator<Reading> = this.readings.values();
  /** What was read in this round; always empty for a sink that need not settle. */
  private round: Reading[] = [];
  private isSettling = false;
  private readonly gate: SinkGate;
  private isClosing = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    memory: SharedMemory,
    sink: Sink,
    counters: SharedArrayBuffer,
    tell: (message: FromSink) => void,
    gate: SinkGate,
  ) {
    this.memory = memory;
    this.sink = sink;
    this.gate = gate;
    this.counters = new Float64Array(counters);
    this.tell = tell;
    this.complaints = new Complaints((message, streamId, leftOut) =>
      tell({ type: 'error', streamId, message, leftOut }),
    );
  }

  start(): void {
    this.counters[sinkCounter.ready] = Number(this.isReady);
    this.timer = setInterval(() => this.tick(performance.now()), tickMs);
    if (this.sink.needsEveryFrame) this.gate.open(() => this.readUrged());
  }

  /** Counts and tells an error. */
  readonly report = (error: unknown, track: Track | null = null): void => {
    this.counters[sinkCounter.errors]! += 1;
    this.complaints.add(withoutPath(error), track?.streamId ?? '', performance.now());
  };

  take(message: ToSink): void {
    switch (message.type) {
      case 'started':
        for (const news of message.tracks) this.started(news);
        this.settle();
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

  private started(news: TrackNews): void {
    const nowMs = performance.now();
    const reading = new Reading(this.memory, news, nowMs, this.report);
    this.readings.set(ringKey(news.ring), reading);
    this.gate.note(news.ring, reading.reader.next);
    const { streamId } = news.track;
    this.tracksOfStream.set(streamId, (this.tracksOfStream.get(streamId) ?? 0) + 1);
    if (this.takesFrames) this.visit(reading, nowMs);
  }

  private ended(ring: RingAddress, frames: number): void {
    const reading = this.readings.get(ringKey(ring));
    if (reading === undefined) return;
    reading.framesTotal = frames;
    // The last chance for what could not be opened.
    reading.openDueMs = 0;
    reading.dueMs = 0;
    if (this.takesFrames) this.visit(reading, performance.now());
    this.settle();
  }

  private get takesFrames(): boolean {
    return !this.isSettling && this.isReady;
  }

  /** A sink that cannot say whether it is ready is not. */
  private get isReady(): boolean {
    return this.guard(() => this.sink.isReady, false);
  }

  /** What the sink throws stays with the call: counted, told, and answered with `instead`. */
  private guard<Result>(call: () => Result, instead: Result): Result {
    try {
      return call();
    } catch (error) {
      this.report(error);
      return instead;
    }
  }

  private tick(nowMs: number): void {
    this.complaints.tick(nowMs);
    if (this.isSettling) return;
    const { isReady } = this;
    this.gate.takesFrames(isReady);
    this.counters[sinkCounter.ready] = Number(isReady);
    if (isReady) this.visitDue(nowMs);
    else for (const reading of this.readings.values()) this.fallBehind(reading);
    this.settle();
  }

  private visitDue(nowMs: number): void {
    while (this.isReady) {
      const { done, value: reading } = this.turn.next();
      if (done) {
        this.turn = this.readings.values();
        return;
      }
      if (reading.dueMs <= nowMs) this.visit(reading, nowMs);
    }
  }

  /** Reads the rings whose frames are about to be overwritten. */
  private readUrged(): void {
    if (!this.takesFrames) return;
    const nowMs = performance.now();
    for (const reading of this.gate.urgedOf(this.readings)) {
      if (!this.isReady) break;
      if (!reading.isOver && reading.reader.lag >= this.gate.urgentFrames) this.visit(reading, nowMs, true);
    }
    this.settle();
  }

  private visit(reading: Reading, nowMs: number, isUrged = false): void {
    const isLast = reading.framesTotal !== null;
    const isOpened = reading.tryToOpen(this.sink, nowMs);
    if (isOpened && !isLast && !isUrged && reading.reader.next === 0) {
      // A random phase spreads the readings of many tracks over the interval.
      reading.dueMs = nowMs + this.sink.leadMs + Math.random() * this.sink.readIntervalMs;
    } else {
      reading.dueMs = Math.max((isUrged ? nowMs : reading.dueMs) + this.sink.readIntervalMs, nowMs);
      reading.readAll(this.frame);
      if (isLast) reading.end();
    }
    if (!isOpened && !isLast && !reading.hasNews) return;
    if (this.sink.settle === undefined) this.hold(reading);
    else this.round.push(reading);
  }

  /** The sink takes nothing: the track waits in its ring, and is over if that was given away. */
  private fallBehind(reading: Reading): void {
    reading.fallBehind();
    if (reading.isOver || reading.hasNews) this.hold(reading);
  }

  /** Ends a round: what it has read holds once the sink has settled. */
  private settle(): void {
    if (this.isSettling) return;
    const readings = this.round;
    // Also if nothing was read: a sink may have something of its own to say.
    let settling: Promise<void> | null;
    try {
      settling = this.sink.settle?.() ?? null;
    } catch (error) {
      settling = Promise.reject(error);
    }
    if (readings.length > 0) this.round = [];
    if (settling === null) {
      for (const reading of readings) this.hold(reading);
      return;
    }
    this.isSettling = true;
    const roundEnded = (outcome: (reading: Reading) => void) => {
      this.isSettling = false;
      for (const reading of readings) outcome(reading);
      this.readUrged();
    };
    settledInTime(settling).then(
      () => roundEnded((reading) => this.hold(reading)),
      (error: unknown) => {
        this.report(error);
        roundEnded((reading) => reading.rewind());
      },
    );
  }

  /** What was read of it holds. If it was the end, the main thread is told. */
  private hold(reading: Reading): void {
    reading.commit();
    this.gate.note(reading.ring, reading.reader.next);
    if (!reading.isOver) return;
    this.readings.delete(ringKey(reading.ring));
    this.tell({ type: 'drained', ring: reading.ring });
    const { streamId } = reading.track;
    this.tracksOfStream.set(streamId, this.tracksOfStream.get(streamId)! - 1);
    this.forgetStream(streamId);
    this.closeIfDone();
  }

  private forgetStream(streamId: string): void {
    if (!this.endedStreams.has(streamId) || (this.tracksOfStream.get(streamId) ?? 0) > 0) return;
    this.endedStreams.delete(streamId);
    this.tracksOfStream.delete(streamId);
    this.guard(() => this.sink.streamEnded(streamId), undefined);
  }

  private closeIfDone(): void {
    if (!this.isClosing || this.readings.size > 0) return;
    if (this.timer !== null) clearInterval(this.timer);
    this.gate.close();
    (async () => this.sink.close())()
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        this.complaints.tellAll();
        this.tell({ type: 'closed' });
      });
  }
}
