/**
 * A capture seen from the main thread: its queue, its thread, which is started again when it dies, and its counters. Nothing
 * here waits for the thread. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { within } from '../deadline.ts';
import { GatewayError, withoutPath } from '../errors.ts';
import { BackOff } from '../sink/back-off.ts';
import type { CaptureWorkerData, FromCapture, ToCapture } from './messages.ts';
import { createQueue, QueueWriter } from './queue.ts';
import { CaptureRecorder } from './recorder.ts';
import type { CaptureSpec } from './spec.ts';

export interface CaptureHostOptions {
  readonly spec: CaptureSpec;
  /** The setting `--path`. */
  readonly path: string;
  /** The file is there; its name may have got a number. */
  readonly onReady: (path: string) => void;
  /** Something could not be written; it is tried again. */
  readonly onError: (message: string) => void;
  /** The thread died; another one starts after this time. */
  readonly onDied: (message: string, restartMs: number) => void;
  /** Starts a thread of the capture. */
  readonly startThread?: (workerData: CaptureWorkerData) => Worker;
  readonly queueBytes?: number;
}

const restartMs = { first: 100, most: 5000 };
const livedMs = 10_000;
const resourceLimits = { maxOldGenerationSizeMb: 256 };

function startThread(workerData: CaptureWorkerData): Worker {
  const entry = new URL(`./capture.worker${extname(import.meta.url)}`, import.meta.url);
  return new Worker(entry, { workerData, resourceLimits });
}

export class CaptureHost {
  readonly recorder: CaptureRecorder;
  /** Times that a thread was started in the place of one that died. */
  restarts = 0;
  errors = 0;
  private readonly options: CaptureHostOptions;
  private readonly buffer: SharedArrayBuffer;
  private readonly queue: QueueWriter;
  private readonly startedAtMs = Date.now();
  private readonly startedMs = performance.now();
  private readonly key = randomBytes(32);
  private readonly backOff = new BackOff(restartMs.first, restartMs.most);
  private readonly ready = Promise.withResolvers<void>();
  private readonly closed = Promise.withResolvers<void>();
  private phase: 'starting' | 'running' | 'closing' | 'stopped' = 'starting';
  private thread: Worker | null = null;
  private path: string | null = null;
  private lastWords = '';
  private readyMs = Number.POSITIVE_INFINITY;
  private restartTimer: NodeJS.Timeout | null = null;

  constructor(options: CaptureHostOptions) {
    this.options = options;
    this.buffer = createQueue(options.queueBytes);
    this.queue = new QueueWriter(this.buffer);
    this.recorder = new CaptureRecorder(this.queue, options.path);
    // Whoever starts the capture is told; nobody else needs to be.
    this.ready.promise.catch(() => {});
    this.startThread();
  }

  /** Resolves when the file is there; throws `capture_failed`. */
  start(): Promise<void> {
    return this.ready.promise;
  }

  /** Messages in the file. */
  get messages(): number {
    return this.queue.written.messages;
  }
  /** Messages that are in no file. */
  get dropped(): number {
    return this.recorder.dropped;
  }
  /** Bytes of the file. */
  get bytes(): number {
    return this.queue.written.fileBytes;
  }
  get backlogBytes(): number {
    return this.queue.backlogBytes;
  }

  /** Lets the thread write what is there; after the deadline it is cut off. What was not written counts as dropped. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.phase === 'stopped') return;
    this.phase = 'closing';
    this.recorder.finish(performance.now());
    this.post({ type: 'close' });
    await within(deadlineMs, this.closed.promise);
    this.phase = 'stopped';
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    await this.thread?.terminate();
    this.recorder.abandon(this.messages);
  }

  private post(message: ToCapture): void {
    this.thread?.postMessage(message);
  }

  private startThread(): void {
    const { startedAtMs, startedMs, path, key } = this;
    const workerData = { spec: this.options.spec, queue: this.buffer, startedAtMs, startedMs, path, key };
    this.lastWords = '';
    try {
      const thread = (this.options.startThread ?? startThread)(workerData);
      this.thread = thread;
      thread.on('message', (message: FromCapture) => this.take(message));
      thread.on('error', (error) => {
        this.lastWords = withoutPath(error);
      });
      thread.once('exit', (code) => this.threadEnded(this.lastWords || `the thread ended with code ${code}`));
    } catch (error) {
      this.threadEnded(withoutPath(error));
    }
  }

  private threadEnded(reason: string): void {
    this.thread = null;
    if (this.phase === 'stopped') return;
    if (this.phase === 'starting') {
      this.phase = 'stopped';
      this.ready.reject(new GatewayError('capture_failed', `--capture: ${this.options.spec.path}: ${reason}`));
      return;
    }
    this.errors++;
    const nowMs = performance.now();
    if (nowMs - this.readyMs > livedMs) this.backOff.succeeded();
    this.readyMs = Number.POSITIVE_INFINITY;
    const delayMs = this.backOff.failed();
    this.options.onDied(reason, delayMs);
    this.restartTimer = setTimeout(() => {
      this.restarts++;
      this.startThread();
    }, delayMs);
  }

  private take(message: FromCapture): void {
    switch (message.type) {
      case 'ready':
        this.readyMs = performance.now();
        if (this.phase === 'starting') {
          this.phase = 'running';
          this.path = message.path;
          this.options.onReady(message.path);
          this.ready.resolve();
        }
        if (this.phase === 'closing') this.post({ type: 'close' });
        return;
      case 'error':
        this.errors++;
        this.options.onError(message.message);
        return;
      case 'failed':
        this.lastWords = message.message;
        return;
      case 'closed':
        this.phase = 'stopped';
        this.closed.resolve();
        return;
    }
  }
}
