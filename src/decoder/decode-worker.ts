/**
 * One decode worker: a piscina with a single thread, and another one when that thread is lost. A piscina of several threads gives
 * up for good when a replacement fails, and ends its healthy threads when it is destroyed; so each thread has its own. Main
 * thread. Invariant: a lease settles only when its thread cannot write to the lane any more: it has answered, or has exited.
 */
import { extname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { withWallTimeout } from '../base/deadline.ts';
import { decodeHangMs, decodeRestartMs, decodeStartMsMax, threadLoadMsMax } from '../base/limits.ts';
import type { DecoderWorkerData } from './decoder.worker.ts';
import { noLane } from './lease.ts';
import type { LeaseChanges } from './lease-changes.ts';
import type { LeaseWatch } from './lease-watch.ts';

export interface DecodeWorkerOptions {
  readonly index: number;
  readonly workerData: DecoderWorkerData;
  readonly watch: LeaseWatch;
  /** It can take a lane. */
  readonly onReady: () => void;
  /** Its thread has exited, or could not start, without a lane, which would tell. Another one starts after `restartMs`. */
  readonly onLost: (error: Error, restartMs: number) => void;
  /** Its thread does nothing with its lane, or, if that is `noLane`, does not come up. It is ended. */
  readonly onHung: (laneIndex: number) => void;
}

/**
 * `starting`: its thread is not up yet. `busy`: it has a lane. `ending`: it is told to end and has not exited. `down`: it has no
 * thread, and gets one when its time comes.
 */
type WorkerState = 'stopped' | 'starting' | 'idle' | 'busy' | 'ending' | 'down';

/** What a worker's heap may grow to, MiB: one that leaks is lost and replaced, and takes nobody with it. It needs a tenth. */
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
  private piscina: Piscina<number, number> | null = null;
  private thread: Worker | null = null;
  private onChanges: (changes: LeaseChanges) => void = () => {};
  /** News that came from its thread so far, and the end of its lease if that waits for some. */
  private changesReceived = 0;
  private leaseEnd: { readonly changesSent: number; readonly resolve: () => void } | null = null;
  /** Its thread is up, or lost. */
  private loaded: Promise<void> = Promise.resolve();
  private exited: Promise<void> = Promise.resolve();
  private laneIndex = noLane;
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
    const { workerData } = this.options;
    this.enter('starting');
    const piscina = new Piscina<number, number>({
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
    this.changesReceived = 0;
    piscina.on('message', (changes: LeaseChanges) => this.hear(changes));
    try {
      this.loaded = piscina.run(noLane).then(
        () => this.isUp(piscina),
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

  /** Works a lease; the worker must be idle. Rejects when the thread is lost, or when the lease threw. */
  async work(laneIndex: number, onChanges: (changes: LeaseChanges) => void): Promise<void> {
    const { piscina, thread, exited } = this;
    this.enter('busy');
    this.laneIndex = laneIndex;
    this.onChanges = onChanges;
    this.options.watch.begin(laneIndex);
    try {
      await this.allHeard(await piscina!.run(laneIndex));
    } catch (error) {
      // piscina gives a lease up as soon as its thread is told to end.
      if (piscina!.threads.length === 0) await exited;
      throw error;
    } finally {
      if (this.thread === thread && this.state === 'busy') {
        this.laneIndex = noLane;
        this.enter('idle');
      }
    }
  }

  /** Looks whether it is of use, and acts if it has not been for too long. `elapsedMs`: since the last look. */
  look(elapsedMs: number): void {
    const { watch } = this.options;
    this.inStateMs += elapsedMs;
    if (this.state === 'busy') this.stalledMs = watch.look(elapsedMs);
    else if (this.state === 'idle') this.stalledMs = 0;
    else this.stalledMs += elapsedMs;
    const isHung =
      (this.state === 'busy' && this.stalledMs > decodeHangMs) ||
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

  private hear(changes: LeaseChanges): void {
    this.changesReceived++;
    this.onChanges(changes);
    if (this.leaseEnd !== null && this.changesReceived >= this.leaseEnd.changesSent) this.leaseEnd.resolve();
  }

  /** Resolves when everything that the thread has told is heard, or the thread is lost. */
  private allHeard(changesSent: number): Promise<void> {
    if (this.changesReceived >= changesSent) return Promise.resolve();
    return new Promise((resolve) => {
      this.leaseEnd = { changesSent, resolve };
    });
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

  private isUp(piscina: Piscina): void {
    if (this.state !== 'starting' || this.piscina !== piscina) return;
    this.enter('idle');
    this.stalledMs = 0;
    this.nextRestartMs = decodeRestartMs.first;
    this.options.onReady();
  }

  /** Its lease rejects when the thread has exited, and another one starts then. */
  private end(): void {
    this.hangs++;
    this.options.onHung(this.laneIndex);
    this.enter('ending');
    void this.thread!.terminate();
  }

  private lost(error: Error): void {
    if (this.state === 'stopped') return;
    this.leaseEnd?.resolve();
    const hadLane = this.laneIndex !== noLane;
    // One that was up is replaced at once: its calls wait.
    this.restartMs = this.state === 'starting' ? this.nextRestartMs : 0;
    if (this.restartMs > 0) this.nextRestartMs = Math.min(2 * this.restartMs, decodeRestartMs.most);
    this.piscina = null;
    this.thread = null;
    this.laneIndex = noLane;
    this.enter('down');
    if (!hadLane) this.options.onLost(error, this.restartMs);
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
