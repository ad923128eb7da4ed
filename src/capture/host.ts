/**
 * A capture seen from the main thread: its queue, the messages between it and its thread, and its counters. Nothing here waits
 * for the thread. Main thread.
 */
import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { GatewayError } from '../base/errors.ts';
import type { CaptureSpec } from '../config/capture-spec.ts';
import { SupervisedThread, type ThreadLoss } from '../thread/supervised-thread.ts';
import type { CaptureWorkerData, FromCapture, ToCapture } from './messages.ts';
import { createQueue, QueueWriter } from './queue.ts';
import { CaptureRecorder } from './recorder.ts';

export interface CaptureHostOptions {
  readonly spec: CaptureSpec;
  /** The setting `--path`. */
  readonly path: string;
  /** Without a sign of life for so long its thread hangs. */
  readonly threadTimeoutMs: number;
  /** The file is there; its name may have got a number. */
  readonly onReady: (path: string) => void;
  /** Something could not be written; it is tried again. */
  readonly onError: (message: string) => void;
  /** The thread died or hangs; another one starts. */
  readonly onLost: (loss: ThreadLoss) => void;
  /** A thread that hangs cannot be ended. */
  readonly onAbandoned: (count: number) => void;
  /** Starts a thread of the capture. */
  readonly startThread?: (workerData: CaptureWorkerData) => Worker;
  readonly queueBytes?: number;
}

/** A thread that takes over appends to the same file: it must not start before the one that hangs has really ended. */
const abandonedMax = 1;
const resourceLimits = { maxOldGenerationSizeMb: 256 };

function startThread(workerData: CaptureWorkerData): Worker {
  const entry = new URL(`./capture.worker${extname(import.meta.url)}`, import.meta.url);
  return new Worker(entry, { workerData, resourceLimits });
}

export class CaptureHost {
  readonly recorder: CaptureRecorder;
  readonly thread: SupervisedThread<ToCapture, FromCapture>;
  errors = 0;
  private readonly options: CaptureHostOptions;
  private readonly queue: QueueWriter;
  /** Null before there is a file. */
  private path: string | null = null;
  private isStopped = false;

  constructor(options: CaptureHostOptions) {
    const { spec, threadTimeoutMs, onAbandoned } = options;
    this.options = options;
    const queue = createQueue(options.queueBytes);
    this.queue = new QueueWriter(queue);
    this.recorder = new CaptureRecorder(this.queue, options.path);
    const constants = { spec, queue, startedAtMs: Date.now(), startedMs: performance.now(), key: randomBytes(32) };
    this.thread = new SupervisedThread<ToCapture, FromCapture>({
      name: 'capture',
      timeoutMs: threadTimeoutMs,
      abandonedMax,
      startWorker: (signs) => (options.startThread ?? startThread)({ ...constants, path: this.path, signs }),
      onReady: (message) => this.threadReady(message),
      onMessage: ({ message }) => {
        this.errors++;
        options.onError(message);
      },
      onClosing: () => this.thread.post({ type: 'close' }),
      onLost: (loss) => {
        this.errors++;
        options.onLost(loss);
      },
      onAbandoned,
    });
  }

  /** Resolves when the file is there; throws `capture_failed`. */
  async start(): Promise<void> {
    await this.thread.start().catch((error: Error) => {
      throw new GatewayError('capture_failed', `--capture: ${this.options.spec.path}: ${error.message}`);
    });
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
  get restarts(): number {
    return this.thread.restarts;
  }

  /** Lets the thread write what is there; after the deadline it is cut off. What was not written counts as dropped. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.isStopped) return;
    this.isStopped = true;
    this.recorder.finish(performance.now());
    await this.thread.stop(deadlineMs);
    this.recorder.abandon(this.messages);
  }

  private threadReady(message: FromCapture): void {
    if (this.path === null && 'path' in message) {
      this.path = message.path;
      this.options.onReady(message.path);
    }
    if (this.thread.isClosing) this.thread.post({ type: 'close' });
  }
}
