/**
 * A sink seen from the main thread: its thread, its counters, the messages between. Main thread.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { within } from '../deadline.ts';
import { GatewayError } from '../errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { RingHandle } from '../ring/reader.ts';
import { Vitals } from '../thread/vitals.ts';
import { type FromSink, type SinkWorkerData, sinkCounter, sinkCountersBytes, type ToSink } from './messages.ts';
import type { Track, TrackEnd } from './sink.ts';
import type { SinkSpec } from './spec.ts';

export interface SinkHostOptions {
  readonly memory: SharedMemory;
  readonly spec: SinkSpec;
  /** The sink does not look at a ring of this stream any more. */
  readonly onDrained: (streamId: string, end: TrackEnd) => void;
  readonly onError: (message: string, streamId: string) => void;
}

export class SinkHost {
  readonly name: string;
  /** Of the sink's thread. */
  readonly vitals: Vitals;
  private readonly options: SinkHostOptions;
  private readonly worker: Worker;
  private readonly counters: Float64Array;
  private readonly ready: Promise<void>;
  private readonly exited: Promise<void>;

  constructor(options: SinkHostOptions) {
    this.options = options;
    this.name = options.spec.name;
    const buffer = new SharedArrayBuffer(sinkCountersBytes);
    this.counters = new Float64Array(buffer);
    this.vitals = new Vitals(this.counters, sinkCounter.vitals);
    const workerData: SinkWorkerData = { memory: options.memory.handle, spec: options.spec, counters: buffer };
    this.worker = new Worker(new URL(`./sink.worker${extname(import.meta.url)}`, import.meta.url), { workerData });
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve()));
    this.ready = new Promise((resolve, reject) => {
      this.worker.on('message', (message: FromSink) => this.take(message, resolve, reject));
      this.worker.on('error', (error) => {
        reject(this.failure(error.message));
        this.options.onError(error.message, '');
      });
    });
  }

  /** Resolves when the sink can write; throws `sink_failed`. */
  start(): Promise<void> {
    return this.ready;
  }

  started(track: Track, ring: RingHandle): void {
    this.post({ type: 'started', track, ring });
  }

  ended(ring: RingHandle, frames: number): void {
    this.post({ type: 'ended', ring, frames });
  }

  streamEnded(streamId: string): void {
    this.post({ type: 'streamEnded', streamId });
  }

  get frames(): number {
    return this.counters[sinkCounter.frames]!;
  }
  get lappedFrames(): number {
    return this.counters[sinkCounter.lapped]!;
  }
  get framesUnaccounted(): number {
    return this.counters[sinkCounter.unaccounted]!;
  }
  get errors(): number {
    return this.counters[sinkCounter.errors]!;
  }

  /** Lets the sink finish; after the deadline it is cut off. Returns whether it finished. */
  async stop(deadlineMs: number): Promise<boolean> {
    this.post({ type: 'close' });
    const isDone = await within(deadlineMs, this.exited);
    if (!isDone) await this.worker.terminate();
    return isDone;
  }

  private post(message: ToSink): void {
    this.worker.postMessage(message);
  }

  private failure(message: string): GatewayError {
    return new GatewayError('sink_failed', `the sink ${this.name} cannot start: ${message}`);
  }

  private take(message: FromSink, resolve: () => void, reject: (error: Error) => void): void {
    switch (message.type) {
      case 'ready':
        resolve();
        return;
      case 'failed':
        reject(this.failure(message.message));
        return;
      case 'drained':
        this.options.onDrained(message.streamId, message);
        return;
      case 'error':
        this.options.onError(message.message, message.streamId);
        return;
      case 'closed':
        void this.worker.terminate();
        return;
    }
  }
}
