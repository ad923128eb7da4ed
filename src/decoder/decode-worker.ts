/**
 * One decode worker, which has one lane: a piscina with a single thread, and another one when that thread is lost. A piscina of
 * several threads gives up for good when a replacement fails, and ends its healthy threads when it is destroyed; so each thread
 * has its own. Main thread. Invariant: a lease settles only when its thread cannot write to the lane any more: it has answered, or has exited.
 */
import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { withWallTimeout } from '../base/deadline.ts';
import { decodeHangMs, decodeRestartMs, decodeStartMsMax, threadLoadMsMax } from '../base/limits.ts';
import type { DecoderTask, DecoderWorkerData } from './decoder.worker.ts';
import type { LeaseChanges } from './lease-changes.ts';
import type { LeaseWatch } from './lease-watch.ts';

export interface DecodeWorkerOptions {
  /** Of the worker and of its lane. */
  readonly index: number;
  readonly workerData: Omit<DecoderWorkerData, 'isReplacement'>;
  readonly watch: LeaseWatch;
  /** It is up. */
  readonly onReady: () => void;
  /** Its thread has exited, or could not start, without a lease, which would tell. Another one starts after `restartMs`. */
  readonly onLost: (error: Error, restartMs: number) => void;
  /** Its thread does nothing in its lease, or, without one, does not come up. It is ended. */
  readonly onHung: (hasLease: boolean) => void;
}

/**
 * `starting`: its thread is not up yet. `leased`: it works its lane. `ending`: it is being terminated and has not exited. `down`: it
 * has no thread, and gets one when its time comes.
 */
type WorkerState = 'stopped' | 'starting' | 'idle' | 'leased' | 'ending' | 'down';

/** What a worker's heap may grow to, MiB: one that leaks is lost and replaced, and takes no other thread with it. It needs a tenth. */
const oldSpaceMib = 512;

export class DecodeWorker {
  readonly name: string;
  /** Threads that took over from one that was lost, those that failed to start included. */
  restarts = 0;
  /** Threads that were ended because they did nothing. */
  hangs = 0;
  /** For how long it has been of no use: without a thread that is up, or in a lease in which nothing moves. */
  stalledMs = 0;
  private state: WorkerState = 'stopped';
  private inStateMs = 0;
  private readonly options: DecodeWorkerOptions;
  private piscina: Piscina<DecoderTask, void> | null = null;
  private thread: Worker | null = null;
  private onChanges: (changes: LeaseChanges) => void = () => {};
  /** Its lane waits for it. */
  private onIdle: (() => void) | null = null;
  /** Its thread is up, or lost. */
  private loaded: Promise<void> = Promise.resolve();
  private exited: Promise<void> = Promise.resolve();
  private hasLease = false;
  /** How long it waits for its next thread while it is down, and how long if that fails to start. */
  private restartMs = 0;
  private nextRestartMs: number = decodeRestartMs.first;

  constructor(options: DecodeWorkerOptions) {
    this.options = options;
    this.name = `decoder:${options.index}`;
  }

  get isIdle(): boolean {
    return this.state === 'idle';
  }

  /** Starts a thread. That it is up, or lost, comes as a callback. */
  start(): void {
    const workerData: DecoderWorkerData = { ...this.options.workerData, isReplacement: this.restarts > 0 };
    this.enter('starting');
    const piscina = new Piscina<DecoderTask, void>({
      filename: new URL(`./decoder.worker${extname(import.meta.url)}`, import.meta.url).href,
      workerData,
      // With a minimum it would start others by itself, in an event handler where a failure is an uncaught exception.
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: oldSpaceMib },
      concurrentTasksPerWorker: 1,
      // A worker has nothing to do between leases: parked in Atomics.wait it wakes faster than an event loop does.
      atomics: 'sync',
      // It would take a worker for busy that sleeps between two looks into its lane.
      recordTiming: false,
      workerHistogram: false,
    });
    // The exit of the thread says the same.
    piscina.on('error', () => {});
    piscina.on('message', (changes: LeaseChanges) => this.onChanges(changes));
    try {
      this.loaded = piscina.run('load').then(
        () => this.cameUp(piscina),
        () => {},
      );
    } catch (error) {
      this.lost(error as Error);
      return;
    }
    this.piscina = piscina;
    this.thread = piscina.threads[0]!;
    this.follow(this.thread);
  }

  /** Gives its lane to it, as soon as it is up. Rejects when the thread is lost, or when the lease threw; else it does not settle. */
  async work(onChanges: (changes: LeaseChanges) => void): Promise<void> {
    while (!this.isIdle) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve;
      });
    }
    const { piscina, thread, exited } = this;
    this.enter('leased');
    this.hasLease = true;
    this.onChanges = onChanges;
    this.options.watch.begin();
    try {
      await piscina!.run('lease');
    } catch (error) {
      // piscina rejects a lease as soon as its thread is being terminated.
      if (piscina!.threads.length === 0) await exited;
      throw error;
    } finally {
      if (this.thread === thread && this.state === 'leased') {
        this.hasLease = false;
        this.enter('idle');
      }
    }
  }

  /** Whether its lane waits for it. */
  get isAwaited(): boolean {
    return this.onIdle !== null;
  }

  /** Looks whether it is of use, and acts if it has not been for too long. `elapsedMs`: since the last look. */
  look(elapsedMs: number): void {
    const { watch } = this.options;
    this.inStateMs += elapsedMs;
    if (this.state === 'leased') this.stalledMs = watch.look(elapsedMs);
    else if (this.state === 'idle') this.stalledMs = 0;
    else this.stalledMs += elapsedMs;
    const isHung =
      (this.state === 'leased' && this.stalledMs > decodeHangMs) ||
      (this.state === 'starting' && this.inStateMs > decodeStartMsMax);
    if (isHung) this.end();
    else if (this.state === 'down' && this.inStateMs >= this.restartMs) this.restart();
  }

  /** Resolves when its thread has exited; if that cannot be ended, never. */
  async stop(): Promise<void> {
    // Node.js 22 may crash as a whole when a thread is ended in the middle of loading its modules.
    if (this.state === 'starting') await withWallTimeout(threadLoadMsMax, this.loaded);
    this.enter('stopped');
    await this.piscina?.destroy();
  }

  private follow(thread: Worker): void {
    let cause: Error | null = null;
    thread.once('error', (error) => {
      cause = error;
    });
    this.exited = new Promise((resolve) => {
      thread.once('exit', (code) => {
        resolve();
        this.lost(cause ?? new Error(`worker exited with code: ${code}`));
      });
    });
  }

  private cameUp(piscina: Piscina<DecoderTask, void>): void {
    if (this.state !== 'starting' || this.piscina !== piscina) return;
    this.enter('idle');
    this.stalledMs = 0;
    this.nextRestartMs = decodeRestartMs.first;
    this.options.onReady();
    this.onIdle?.();
    this.onIdle = null;
  }

  /** Its lease rejects when the thread has exited, and another one starts then. */
  private end(): void {
    this.hangs++;
    this.options.onHung(this.hasLease);
    this.enter('ending');
    void this.thread!.terminate();
  }

  private lost(error: Error): void {
    if (this.state === 'stopped') return;
    const hadLease = this.hasLease;
    // One that was up is replaced at once: its calls wait.
    this.restartMs = this.state === 'starting' ? this.nextRestartMs : 0;
    if (this.restartMs > 0) this.nextRestartMs = Math.min(2 * this.restartMs, decodeRestartMs.most);
    this.piscina = null;
    this.thread = null;
    this.hasLease = false;
    this.enter('down');
    if (!hadLease) this.options.onLost(error, this.restartMs);
    if (this.restartMs === 0) this.restart();
  }

  private restart(): void {
    this.restarts++;
    this.start();
  }

  private enter(state: WorkerState): void {
    this.state = state;
    this.inStateMs = 0;
  }
}
