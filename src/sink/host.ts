/**
 * A sink seen from the main thread: its thread, which is started again when it dies, and the messages between. Nothing
 * here waits for the thread, and a new one is told of its tracks a few at a time. Main thread.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { TellComplaint } from '../complaints.ts';
import { within } from '../deadline.ts';
import { GatewayError, withoutPath } from '../errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';
import { Vitals } from '../thread/vitals.ts';
import { BackOff } from './back-off.ts';
import { type Entry, Ledger } from './ledger.ts';
import { type FromSink, type SinkWorkerData, sinkCounter, sinkCountersBytes, type ToSink } from './messages.ts';
import type { Track, TrackEnd } from './sink.ts';
import type { SinkSpec } from './spec.ts';

export interface SinkHostOptions {
  readonly memory: SharedMemory;
  readonly spec: SinkSpec;
  /** The sink does not look at a ring of this stream any more. */
  readonly onDrained: (streamId: string, end: TrackEnd) => void;
  /** Something went wrong in the sink. */
  readonly onError: TellComplaint<string>;
  /** The sink's thread died; another one starts after this time. */
  readonly onDied: (message: string, restartMs: number) => void;
  /** Starts a thread of the sink. */
  readonly startThread?: (workerData: SinkWorkerData) => Worker;
}

/** The wait before a thread that died is replaced, doubled each time until one has lived for a while. */
const restartMs = { first: 100, most: 5000 };
const livedMs = 10_000;
/** Tracks that a new thread is told of in one turn of the event loop. */
const tracksPerTurn = 100;

/** What a sink's heap may grow to, MiB: one that leaks dies, is replaced, and takes nobody with it. */
const resourceLimits = { maxOldGenerationSizeMb: 512 };

function startThread(workerData: SinkWorkerData): Worker {
  const entry = new URL(`./sink.worker${extname(import.meta.url)}`, import.meta.url);
  if (workerData.spec.kind !== 'module') return new Worker(entry, { workerData, resourceLimits });
  // Standard output is the log's: what a user's module prints goes to standard error.
  const thread = new Worker(entry, { workerData, resourceLimits, stdout: true });
  thread.stdout.on('data', (chunk: Buffer) => process.stderr.write(chunk));
  return thread;
}

export class SinkHost {
  readonly name: string;
  /** Of the sink's thread. */
  readonly vitals: Vitals;
  /** Times that a thread was started in the place of one that died. */
  restarts = 0;
  private readonly options: SinkHostOptions;
  private readonly countersBuffer = new SharedArrayBuffer(sinkCountersBytes);
  private readonly counters = new Float64Array(this.countersBuffer);
  private readonly ledger = new Ledger();
  private readonly backOff = new BackOff(restartMs.first, restartMs.most);
  private readonly ready = Promise.withResolvers<void>();
  private readonly closed = Promise.withResolvers<void>();
  private phase: 'starting' | 'running' | 'closing' | 'stopped' = 'starting';
  private thread: Worker | null = null;
  /** What the thread, or Node.js for it, said of its end. */
  private lastWords = '';
  private threadReadyMs = Number.POSITIVE_INFINITY;
  private deaths = 0;
  private restartTimer: NodeJS.Timeout | null = null;
  /** What the thread has to be told before it knows everything; null while it is not ready. */
  private untold: Entry[] | null = null;

  constructor(options: SinkHostOptions) {
    this.options = options;
    this.name = options.spec.name;
    this.vitals = new Vitals(this.counters, sinkCounter.vitals);
    // Whoever starts the sink is told; nobody else needs to be.
    this.ready.promise.catch(() => {});
    this.startThread();
  }

  /** Resolves when the sink can write; throws `sink_failed`. */
  start(): Promise<void> {
    return this.ready.promise;
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
    if (entry.isTold) this.post({ type: 'ended', ring, frames });
  }

  streamEnded(streamId: string): void {
    if (this.ledger.streamEnded(streamId) && this.knowsAll) this.post({ type: 'streamEnded', streamId });
  }

  get frames(): number {
    return this.ledger.framesRead;
  }
  get lappedFrames(): number {
    return this.ledger.framesLapped;
  }
  /** Frames that were read and could not be kept. */
  get lostFrames(): number {
    return this.ledger.framesLost;
  }
  get framesUnaccounted(): number {
    return this.ledger.framesUnaccounted;
  }
  /** Whether it takes frames right now: its server can be reached. */
  get isReady(): boolean {
    return this.thread !== null && this.counters[sinkCounter.ready] === 1;
  }
  get errors(): number {
    return this.counters[sinkCounter.errors]! + this.deaths;
  }

  /** Lets the sink finish; after the deadline it is cut off. Returns whether it finished. */
  async stop(deadlineMs: number): Promise<boolean> {
    if (this.phase !== 'stopped') this.phase = 'closing';
    if (this.knowsAll) this.post({ type: 'close' });
    const isDone = await within(deadlineMs, this.closed.promise);
    this.phase = 'stopped';
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    await this.thread?.terminate();
    return isDone;
  }

  /** The thread that runs has been told everything. */
  private get knowsAll(): boolean {
    return this.untold !== null && this.untold.length === 0;
  }

  private post(message: ToSink): void {
    this.thread?.postMessage(message);
  }

  private startThread(): void {
    const { memory, spec } = this.options;
    const isRestart = this.phase !== 'starting';
    const workerData = { memory: memory.handle, spec, counters: this.countersBuffer, isRestart };
    this.lastWords = '';
    try {
      const thread = (this.options.startThread ?? startThread)(workerData);
      this.thread = thread;
      thread.on('message', (message: FromSink) => this.take(message));
      thread.on('error', (error) => {
        this.lastWords = withoutPath(error);
      });
      thread.once('exit', (code) => this.threadEnded(this.lastWords || `the thread ended with code ${code}`));
    } catch (error) {
      // No memory or no process left for a thread.
      this.threadEnded(withoutPath(error));
    }
  }

  private threadEnded(reason: string): void {
    this.thread = null;
    this.untold = null;
    this.counters[sinkCounter.ready] = 0;
    if (this.phase === 'stopped') return;
    if (this.phase === 'starting') {
      this.phase = 'stopped';
      this.ready.reject(new GatewayError('sink_failed', `the sink ${this.name} cannot start: ${reason}`));
      return;
    }
    this.deaths++;
    const nowMs = performance.now();
    if (nowMs - this.threadReadyMs > livedMs) this.backOff.succeeded();
    this.threadReadyMs = Number.POSITIVE_INFINITY;
    const delayMs = this.backOff.failed();
    this.options.onDied(reason, delayMs);
    for (const { streamId, end } of this.ledger.giveUp(nowMs)) this.options.onDrained(streamId, end);
    this.restartTimer = setTimeout(() => {
      this.restarts++;
      this.startThread();
    }, delayMs);
  }

  private threadReady(): void {
    if (this.phase === 'starting') this.phase = 'running';
    this.ready.resolve();
    this.threadReadyMs = performance.now();
    this.untold = this.ledger.entries;
    for (const entry of this.untold) entry.isTold = false;
    this.tellAll(this.thread);
  }

  /** A turn of telling a thread what it has to know. */
  private tellAll(thread: Worker | null): void {
    if (thread === null || thread !== this.thread || this.untold === null) return;
    this.announce(this.untold.splice(0, tracksPerTurn));
    if (this.untold.length > 0) {
      setImmediate(() => this.tellAll(thread));
      return;
    }
    for (const streamId of this.ledger.endedStreams) this.post({ type: 'streamEnded', streamId });
    if (this.phase === 'closing') this.post({ type: 'close' });
  }

  private announce(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.post({ type: 'started', tracks: entries.map(({ news }) => news) });
    for (const entry of entries) {
      entry.isTold = true;
      if (entry.frames !== null) this.post({ type: 'ended', ring: entry.news.ring, frames: entry.frames });
    }
  }

  private take(message: FromSink): void {
    switch (message.type) {
      case 'ready':
        this.threadReady();
        return;
      case 'drained': {
        const entry = this.ledger.find(message.ring);
        if (entry !== undefined) this.options.onDrained(entry.news.track.streamId, this.ledger.settle(entry));
        return;
      }
      case 'error':
        this.options.onError(message.message, message.streamId, message.leftOut);
        return;
      case 'closed':
        this.phase = 'stopped';
        this.closed.resolve();
        return;
      case 'failed':
        this.lastWords = message.message;
        return;
    }
  }
}
