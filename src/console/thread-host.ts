/**
 * The console's thread as the main thread sees it: there while somebody looks, and a moment longer; replaced when it dies or hangs. Its figures continue
 * from one to the next. Main thread.
 */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { consoleLimits } from '../base/console-limits.ts';
import { abandonedThreadsMax } from '../base/limits.ts';
import { type FromThread, SupervisedThread, type ThreadLoss } from '../thread/supervised-thread.ts';
import { ThreadSigns } from '../thread/thread-signs.ts';
import type { ConsoleWorkerData, FromConsole, ToConsole } from './messages.ts';

export type ConsoleMessage = Exclude<FromConsole, FromThread>;

export interface ThreadHostOptions {
  readonly data: Omit<ConsoleWorkerData, 'signs'>;
  readonly threadTimeoutMs: number;
  /** A thread is there that knows nothing. */
  readonly onReady: () => void;
  readonly onMessage: (message: ConsoleMessage) => void;
  readonly onLost: (loss: ThreadLoss) => void;
  readonly onAbandoned: (count: number) => void;
}

/** Two thousand streams take some megabytes. */
const resourceLimits = { maxOldGenerationSizeMb: 256 };
/** After the first thread could not be started. */
const retryMs = 5_000;

export class ThreadHost {
  readonly name = 'console';
  private readonly options: ThreadHostOptions;
  /** Null while nobody looks. */
  private thread: SupervisedThread<ToConsole, FromConsole> | null = null;
  /** Those that were, of which something may be left. */
  private past: SupervisedThread<ToConsole, FromConsole>[] = [];
  private readonly pastCounts = { restarts: 0, hangs: 0 };
  private signs = new ThreadSigns();
  private users = 0;
  private timer: NodeJS.Timeout | null = null;
  private isStopped = false;

  constructor(options: ThreadHostOptions) {
    this.options = options;
  }

  get restarts(): number {
    return this.pastCounts.restarts + (this.thread?.restarts ?? 0);
  }
  get hangs(): number {
    return this.pastCounts.hangs + (this.thread?.hangs ?? 0);
  }
  get abandonedCount(): number {
    const all = this.thread === null ? this.past : [...this.past, this.thread];
    return all.reduce((sum, { abandonedCount }) => sum + abandonedCount, 0);
  }
  get threadMetrics(): ThreadSigns['threadMetrics'] {
    return (this.thread?.signs ?? this.signs).threadMetrics;
  }
  get isReady(): boolean {
    return this.thread?.isReady === true;
  }

  /** Lost while no thread is ready: then `onReady` follows. */
  post(message: ToConsole): void {
    if (this.isReady) this.thread!.post(message);
  }

  /** Somebody looks. */
  enter(): void {
    this.users++;
    this.clearTimer();
    if (this.thread === null && !this.isStopped) this.start();
  }

  /** And looks no more. */
  leave(): void {
    this.users--;
    if (this.users > 0 || this.isStopped) return;
    this.clearTimer();
    this.timer = setTimeout(() => void this.end(), consoleLimits.lingerMs);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    this.clearTimer();
    await this.end();
  }

  private start(): void {
    const { options } = this;
    const thread = new SupervisedThread<ToConsole, FromConsole>({
      name: this.name,
      timeoutMs: options.threadTimeoutMs,
      abandonedMax: abandonedThreadsMax,
      startWorker: (signs) => {
        const entry = new URL(`./console.worker${extname(import.meta.url)}`, import.meta.url);
        return new Worker(entry, { workerData: { ...options.data, signs }, resourceLimits });
      },
      onReady: options.onReady,
      onMessage: options.onMessage,
      onClosing: () => {},
      onLost: options.onLost,
      onAbandoned: options.onAbandoned,
    });
    // The figures continue.
    thread.signs = this.signs;
    this.thread = thread;
    thread.start().catch((error: Error) => {
      if (this.thread !== thread) return;
      options.onLost({ kind: 'died', reason: error.message, restartMs: retryMs });
      void this.end();
      this.timer = setTimeout(() => {
        if (this.users > 0 && this.thread === null) this.start();
      }, retryMs);
      this.timer.unref();
    });
  }

  /** It has nothing to finish. */
  private async end(): Promise<void> {
    const { thread } = this;
    if (thread === null) return;
    this.thread = null;
    this.pastCounts.restarts += thread.restarts;
    this.pastCounts.hangs += thread.hangs;
    // It may write into the old ones until it has ended.
    this.signs = thread.signs.copy();
    this.past = [...this.past.filter(({ abandonedCount }) => abandonedCount > 0), thread];
    await thread.stop(0);
  }

  private clearTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }
}
