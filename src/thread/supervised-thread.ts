/**
 * The life of a worker thread as the main thread sees it: it is started, says that it is ready, shows that its event loop
 * turns, and is replaced when it dies or hangs, later each time until one has lived for a while. Never waited for: a thread
 * that cannot be ended, because it is in a system call that does not return, is abandoned, counted, and its successor starts
 * beside it, as long as there are not too many of them.
 *
 *   idle ── start ──> starting ── ready ──> running <──> (dead or hung: the next one is due) ── stop ──> closing ──> stopped
 *
 * Invariant: whatever an abandoned thread still says is not heard, and whatever it writes no longer counts: `onLost` takes its
 * shared memory away from it. Main thread.
 */
import type { Worker } from 'node:worker_threads';
import { withTimeout, withWallTimeout } from '../base/deadline.ts';
import { redactPath } from '../base/errors.ts';
import { threadEndMsMax, threadLoadMsMax, threadReadyMsMax } from '../base/limits.ts';
import { pulse } from '../base/pulse.ts';
import { BackOff } from './back-off.ts';
import { StandstillClock } from './standstill-clock.ts';
import type { ThreadMetrics } from './thread-metrics.ts';
import { ThreadSigns } from './thread-signs.ts';

/** What every supervised thread says, beside what its host wants to know. */
export type FromThread =
  /** It can work. */
  | { readonly type: 'ready' }
  /** It cannot, or not any more, and ends. */
  | { readonly type: 'failed'; readonly message: string }
  /** It has done what it was asked to do before its end. */
  | { readonly type: 'closed' };

/** How a thread was lost. `restartMs`: another one starts after this time. */
export interface ThreadLoss {
  readonly kind: 'died' | 'hung';
  readonly reason: string;
  readonly restartMs: number;
}

export interface ThreadOptions<From extends { readonly type: string }> {
  /** In metrics and in the log. */
  readonly name: string;
  /** Without a sign of life for so long it hangs. */
  readonly timeoutMs: number;
  /** While so many threads that could not be ended exist, no other one is started. */
  readonly abandonedMax: number;
  /** May throw when there is no memory or no process left for a thread. */
  readonly startWorker: (signs: SharedArrayBuffer, isRestart: boolean) => Worker;
  readonly onReady: (message: From) => void;
  readonly onMessage: (message: Exclude<From, FromThread>) => void;
  /** The thread shall do what it has to before its end, and then say `closed`. One that takes over later is asked by the host. */
  readonly onClosing: () => void;
  /** Not for the first thread if that never was ready: then `start` rejects. */
  readonly onLost: (loss: ThreadLoss) => void;
  /** A thread cannot be ended; there are so many now. */
  readonly onAbandoned: (count: number) => void;
  /** Now and then while no thread runs. */
  readonly onVacant?: () => void;
}

/** The wait before a thread is replaced, doubled each time until one has lived for a while. */
const restartMs = { first: 100, most: 5000 };
const livedMs = 10_000;
const watchIntervalMs = 100;
/** A thread that has not turned for so long counts as standing still: longer than what a busy machine or a collection takes. */
const standstillMs = 300;

export class SupervisedThread<To, From extends { readonly type: string }> {
  readonly name: string;
  /** Times that a thread was started in the place of another one, and times that one hung. */
  restarts = 0;
  hangs = 0;
  private readonly options: ThreadOptions<From>;
  private readonly backOff = new BackOff(restartMs.first, restartMs.most);
  private readonly silence = new StandstillClock(watchIntervalMs);
  private readonly closed = Promise.withResolvers<void>();
  private readonly abandoned = new Set<Worker>();
  private starting: PromiseWithResolvers<void> | null = null;
  private phase: 'idle' | 'starting' | 'running' | 'closing' | 'stopped' = 'idle';
  signs = new ThreadSigns();
  private worker: Worker | null = null;
  /** The thread, or Node.js for it, said why it ends. */
  private exitReason = '';
  private startedMs = 0;
  /** Infinite while the thread is not ready. */
  private readyMs = Number.POSITIVE_INFINITY;
  private restartTimer: NodeJS.Timeout | null = null;
  private stopWatching: (() => void) | null = null;

  constructor(options: ThreadOptions<From>) {
    this.options = options;
    this.name = options.name;
  }

  /** Resolves when the thread is ready; rejects with the reason if the first one cannot be. */
  start(): Promise<void> {
    if (this.starting === null) {
      this.starting = Promise.withResolvers();
      // The caller of `start` gets the error; no other code needs it.
      this.starting.promise.catch(() => {});
      this.phase = 'starting';
      this.stopWatching = pulse.every(watchIntervalMs, (nowMs) => this.watch(nowMs));
      this.startWorker();
    }
    return this.starting.promise;
  }

  get threadMetrics(): ThreadMetrics {
    return this.signs.threadMetrics;
  }
  /** A thread is there and can work. */
  get isReady(): boolean {
    return this.readyMs < Number.POSITIVE_INFINITY;
  }
  /** The thread does no work at this moment: there is no thread, or its event loop does not turn. */
  get standsStill(): boolean {
    return !this.isReady || this.silence.stoodMs >= standstillMs;
  }
  /** Nothing more is to come: a thread that takes over shall close as soon as it can. */
  get isClosing(): boolean {
    return this.phase === 'closing';
  }
  /** Threads that could not be ended and have not ended by themselves since. */
  get abandonedCount(): number {
    return this.abandoned.size;
  }

  post(message: To): void {
    this.worker?.postMessage(message);
  }

  /** Lets the thread come to its end; after the deadline it is cut off. Returns whether it came. Takes hardly longer. */
  async stop(deadlineMs: number): Promise<boolean> {
    // Node.js 22 may crash as a whole when a thread is ended in the middle of loading its modules.
    if (this.phase === 'starting')
      await withWallTimeout(
        threadLoadMsMax,
        this.starting!.promise.catch(() => {}),
      );
    if (this.phase === 'idle') this.phase = 'stopped';
    if (this.phase !== 'stopped') this.phase = 'closing';
    if (this.phase === 'closing' && this.isReady) this.options.onClosing();
    const isDone = await withTimeout(this.phase === 'stopped' ? 0 : deadlineMs, this.closed.promise);
    this.phase = 'stopped';
    if (this.restartTimer !== null) clearTimeout(this.restartTimer);
    this.stopWatching?.();
    this.starting?.reject(new Error('it was stopped'));
    const { worker } = this;
    this.worker = null;
    this.readyMs = Number.POSITIVE_INFINITY;
    if (worker !== null) await this.end(worker);
    return isDone;
  }

  private startWorker(): void {
    this.exitReason = '';
    this.startedMs = performance.now();
    this.silence.reset();
    try {
      const worker = this.options.startWorker(this.signs.buffer, this.phase !== 'starting');
      this.worker = worker;
      worker.on('message', (message: From) => {
        if (worker === this.worker) this.take(message);
      });
      worker.on('error', (error) => {
        if (worker === this.worker) this.exitReason ||= redactPath(error);
      });
      worker.once('exit', (code) => this.workerEnded(worker, `the thread ended with code ${code}`));
    } catch (error) {
      this.lost('died', redactPath(error));
    }
  }

  private take(message: From): void {
    switch (message.type) {
      case 'ready':
        if (this.phase === 'starting') this.phase = 'running';
        this.readyMs = performance.now();
        this.options.onReady(message);
        this.starting?.resolve();
        return;
      case 'failed':
        this.exitReason = (message as unknown as { readonly message: string }).message;
        return;
      case 'closed':
        this.phase = 'stopped';
        this.closed.resolve();
        return;
      default:
        this.options.onMessage(message as Exclude<From, FromThread>);
    }
  }

  private workerEnded(worker: Worker, reason: string): void {
    if (worker === this.worker) this.lost('died', this.exitReason || reason);
    // One that was waited for is out of the way.
    else if (this.abandoned.delete(worker) && this.restartTimer === null) this.replace();
  }

  /** Looks whether the thread turns. A process that stood still as a whole has hardly counted the time. */
  private watch(nowMs: number): void {
    const stoodMs = this.silence.look(this.signs.beats, nowMs);
    const { worker } = this;
    if (worker === null) this.options.onVacant?.();
    else if (this.isReady && stoodMs >= this.options.timeoutMs) this.hung(worker, stoodMs);
    else if (!this.isReady && nowMs - this.startedMs > threadReadyMsMax) this.hung(worker, threadReadyMsMax);
  }

  private hung(worker: Worker, silentMs: number): void {
    const what = this.isReady ? 'no sign of life' : 'not ready';
    this.hangs++;
    this.worker = null;
    void this.end(worker);
    // It may write until it is ended, and beyond.
    this.signs = this.signs.copy();
    this.lost('hung', `${what} for ${Math.round(silentMs)} ms`);
  }

  private lost(kind: ThreadLoss['kind'], reason: string): void {
    const nowMs = performance.now();
    if (nowMs - this.readyMs > livedMs) this.backOff.succeeded();
    this.worker = null;
    this.readyMs = Number.POSITIVE_INFINITY;
    if (this.phase === 'stopped') return;
    if (this.phase === 'starting') {
      this.phase = 'stopped';
      this.starting?.reject(new Error(reason));
      return;
    }
    const delayMs = this.backOff.failed();
    this.options.onLost({ kind, reason, restartMs: delayMs });
    this.restartTimer = setTimeout(() => {
      this.restartTimer = null;
      this.replace();
    }, delayMs);
  }

  /** Starts another thread, unless too many are in its way. */
  private replace(): void {
    if (this.phase === 'stopped' || this.worker !== null || this.abandoned.size >= this.options.abandonedMax) return;
    this.restarts++;
    this.startWorker();
  }

  /** Ends a thread that is not ours any more, or abandons it. */
  private async end(worker: Worker): Promise<void> {
    this.abandoned.add(worker);
    const ended = Promise.allSettled([worker.terminate()]).then(() => {});
    if (!(await withWallTimeout(threadEndMsMax, ended))) this.options.onAbandoned(this.abandoned.size);
  }
}
