/**
 * A sink seen from the main thread: the messages between, and what its threads have counted. Nothing here waits for the
 * thread, and a new one is told of its tracks a few at a time. Main thread.
 */
import { GatewayError } from '../base/errors.ts';
import { abandonedThreadsMax, gatesMax } from '../base/limits.ts';
import type { RingAddress } from '../ring/cursor.ts';
import { Gate } from '../ring/gate.ts';
import { SupervisedThread, type ThreadLoss } from '../thread/supervised-thread.ts';
import type { SinkHostOptions } from './host-options.ts';
import { type DrainedTrack, type Entry, Ledger } from './ledger.ts';
import { type FromSink, sinkCounter, sinkCountersBytes, type ToSink } from './messages.ts';
import type { RecordedCall, Track } from './sink.ts';
import { type SpokenOutcome, spokenOutcomes } from './spoken-outcome.ts';
import { startThread } from './start-thread.ts';
import { ToldStreams } from './told-streams.ts';

/** Tracks that are sent to a new thread in one turn of the event loop. */
const tracksPerTurn = 100;

export class SinkHost {
  readonly name: string;
  readonly thread: SupervisedThread<ToSink, FromSink>;
  /** Those that it may speak into. */
  readonly streams = new ToldStreams((message) => this.thread.post(message));
  private readonly options: SinkHostOptions;
  private readonly ledger: Ledger;
  private counters = new Float64Array(new SharedArrayBuffer(sinkCountersBytes));
  private readonly gate: Gate | null;
  private threads = 0;
  /** When its thread is cut off. */
  private closeDueMs = 0;
  private losses = 0;
  /** What the thread has to be told before it knows everything; null while it is not ready. */
  private untold: Entry[] | null = null;

  constructor(options: SinkHostOptions) {
    const { memory, spec, threadTimeoutMs, onAbandoned } = options;
    this.options = options;
    this.name = spec.name;
    this.ledger = new Ledger(memory);
    const gateIndex = options.gateIndex ?? -1;
    this.gate = gateIndex >= 0 && gateIndex < gatesMax ? new Gate(memory, gateIndex) : null;
    this.thread = new SupervisedThread<ToSink, FromSink>({
      name: `sink:${spec.name}`,
      timeoutMs: threadTimeoutMs,
      abandonedMax: abandonedThreadsMax,
      startWorker: (signs, isRestart) => {
        const counters = this.counters.buffer as SharedArrayBuffer;
        const gate = { index: this.gate?.index ?? -1, thread: ++this.threads };
        const own = { counters, signs, gate, isRestart, holder: options.holder ?? -1 };
        return (options.startThread ?? startThread)({ memory: memory.handle, spec, ...own });
      },
      onReady: () => this.threadReady(),
      onMessage: (message) => this.take(message),
      onClosing: () => this.close(),
      onLost: (loss) => this.threadLost(loss),
      onAbandoned,
      onVacant: () => this.drained(this.ledger.giveUp(performance.now())),
    });
  }

  /** Resolves when the sink can write; throws `sink_failed`. */
  async start(): Promise<void> {
    await this.thread.start().catch((error: Error) => {
      throw new GatewayError('sink_failed', `the sink ${this.name} cannot start: ${error.message}`);
    });
  }

  started(track: Track, ring: RingAddress): void {
    const entry = this.ledger.begin(track, ring);
    if (this.untold === null) return;
    if (this.knowsAll) this.announce([entry]);
    else this.untold.push(entry);
  }

  ended(ring: RingAddress, frames: number): void {
    const entry = this.ledger.find(ring);
    if (entry === undefined) return;
    entry.frames = frames;
    entry.endedMs = performance.now();
    if (entry.isTold) this.thread.post({ type: 'ended', ring, frames });
  }

  streamEnded(streamId: string): void {
    const stream = this.ledger.streamEnded(streamId);
    if (stream !== null && this.knowsAll) this.thread.post({ type: 'streamEnded', stream });
  }

  /** Another sink has recorded a call. While no thread runs this is lost. */
  callRecorded(call: RecordedCall): void {
    if (this.thread.isReady) this.thread.post({ type: 'callRecorded', call });
  }

  get frames(): number {
    return this.ledger.sums(this.thread.standsStill).framesRead;
  }
  get lappedFrames(): number {
    return this.ledger.sums(this.thread.standsStill).framesLapped;
  }
  /** Frames that were read and could not be kept. */
  get lostFrames(): number {
    return this.ledger.sums(this.thread.standsStill).framesLost;
  }
  get framesUnaccounted(): number {
    return this.ledger.framesUnaccounted;
  }
  /** Whether it takes frames right now: its thread works, its server can be reached. */
  get isReady(): boolean {
    return this.thread.isReady && this.counters[sinkCounter.ready] === 1;
  }
  /** For how long decoders have waited for it. */
  get gatedMs(): number {
    if (this.gate === null) return 0;
    const { index } = this.gate;
    return this.options.memory.lanes.reduce((sum, lane) => sum + lane.gatedMs(index), 0);
  }
  get diskBytes(): number {
    return this.counters[sinkCounter.diskBytes]!;
  }
  get freeBytes(): number {
    return this.counters[sinkCounter.freeBytes]!;
  }
  /** Messages of agents on other machines by what became of them; null: the sink takes none. */
  get spokenMessages(): Readonly<Record<SpokenOutcome, number>> | null {
    const { spec } = this.options;
    if (spec.kind !== 'nats' || !spec.playback) return null;
    const counts = spokenOutcomes.map((outcome, i) => [outcome, this.counters[sinkCounter.spoken + i]!]);
    return Object.fromEntries(counts);
  }
  get streamsPending(): number {
    return this.ledger.streamsPending;
  }
  get errors(): number {
    return this.counters[sinkCounter.errors]! + this.losses;
  }
  get restarts(): number {
    return this.thread.restarts;
  }

  /**
   * Lets the sink finish; after the deadline it is cut off, and what it has not read of tracks that ended is lapped. Returns
   * whether it finished.
   */
  async stop(deadlineMs: number): Promise<boolean> {
    this.closeDueMs = performance.now() + deadlineMs;
    const isDone = await this.thread.stop(deadlineMs);
    this.gate?.leave();
    this.ledger.takeAway();
    this.drained(this.ledger.giveUp(performance.now(), 0));
    return isDone;
  }

  /** The running thread knows everything. */
  private get knowsAll(): boolean {
    return this.untold !== null && this.untold.length === 0;
  }

  private close(): void {
    if (this.knowsAll) this.thread.post({ type: 'close', withinMs: Math.max(0, this.closeDueMs - performance.now()) });
  }

  private drained(tracks: readonly DrainedTrack[]): void {
    for (const { streamId, end } of tracks) this.options.onDrained(streamId, end);
  }

  private threadLost(loss: ThreadLoss): void {
    this.losses++;
    this.gate?.leave();
    this.untold = null;
    this.streams.end();
    if (loss.kind === 'hung') {
      this.counters = new Float64Array(this.counters.buffer.slice(0) as SharedArrayBuffer);
      this.ledger.takeAway();
    }
    this.counters[sinkCounter.ready] = 0;
    this.options.onLost(loss);
    this.drained(this.ledger.giveUp(performance.now()));
  }

  private threadReady(): void {
    this.ledger.handOver();
    const untold = this.ledger.entries;
    for (const entry of untold) entry.isTold = false;
    this.untold = untold;
    this.streams.begin();
    this.tellAll(untold);
  }

  /** A turn of telling a thread what it has to know. */
  private tellAll(untold: Entry[]): void {
    // A new thread has to be told everything.
    if (untold !== this.untold) return;
    const areTold = this.streams.tell(tracksPerTurn);
    if (areTold) this.announce(untold.splice(0, tracksPerTurn));
    if (!areTold || untold.length > 0) {
      setImmediate(() => this.tellAll(untold));
      return;
    }
    for (const stream of this.ledger.endedStreams) this.thread.post({ type: 'streamEnded', stream });
    if (this.thread.isClosing) this.close();
  }

  private announce(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.thread.post({ type: 'started', tracks: entries.map(({ start }) => start) });
    for (const entry of entries) {
      entry.isTold = true;
      if (entry.frames !== null) this.thread.post({ type: 'ended', ring: entry.start.ring, frames: entry.frames });
    }
  }

  private take(message: Exclude<FromSink, { readonly type: 'ready' | 'failed' | 'closed' }>): void {
    switch (message.type) {
      case 'speaks':
        this.streams.areWanted = true;
        return;
      case 'drained': {
        const entry = this.ledger.find(message.ring);
        if (entry !== undefined) this.options.onDrained(entry.start.track.streamId, this.ledger.settle(entry));
        return;
      }
      case 'recorded':
      case 'removed':
      case 'streamDone':
        if (message.type === 'streamDone') this.ledger.streamDone(message.streamId);
        this.options.onFiles?.(message);
        return;
      case 'error':
        this.options.onError(message.message, message.streamId, message.suppressed);
        return;
    }
  }
}
