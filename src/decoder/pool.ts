/**
 * The pool of decode workers, one for each lane: gives the lanes to them, and watches them. One that is lost is replaced, with
 * back-off if that fails; one that hangs is ended and replaced; meanwhile the others keep working. One task per lease, never one per
 * message. Main thread.
 */
import { setFlagsFromString } from 'node:v8';
import { withTimeout } from '../base/deadline.ts';
import { GatewayError } from '../base/errors.ts';
import { decodeStopMsMax, decodeWatchMs, degradedAfterMs, degradedMsMax } from '../base/limits.ts';
import { pulse } from '../base/pulse.ts';
import type { DecoderName } from '../config/decoder-names.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { DecodeWorker } from './decode-worker.ts';
import type { LeaseChanges } from './lease-changes.ts';
import { LeaseWatch } from './lease-watch.ts';

/** What happened to a worker, as it is logged. */
export interface WorkerReport {
  readonly msg: 'decode worker failed' | 'decode worker hung';
  readonly worker: number;
  readonly error?: string;
  /** When another thread starts. */
  readonly restartMs?: number;
  /** Which one it had; none if it hung while it started. */
  readonly lane?: number;
}

export interface DecoderPoolOptions {
  readonly memory: SharedMemory;
  readonly decoder: DecoderName;
  readonly flushIntervalMs: number;
  /** A worker hangs, or was lost outside of a lease. */
  readonly onReport: (report: WorkerReport) => void;
  /** A worker has been of no use for too long, or all of them are of use again. */
  readonly onDegraded: (isDegraded: boolean) => void;
  /** It has been so for too long. */
  readonly onFailed: (error: GatewayError) => void;
}

/**
 * Room for a worker's youngest objects, MiB. A base64 text per frame fills V8's own 1 MiB so often that the collections take
 * twice the time; none of the texts outlives its frame.
 */
const youngSpaceMib = 16;

/** Utilization is a mean over at least so long. */
const utilizationWindowMs = 1000;

export class DecoderPool {
  readonly workers: readonly DecodeWorker[];
  /** A worker is of no use, and has not been for a second. */
  isDegraded = false;
  private readonly options: DecoderPoolOptions;
  private starting: PromiseWithResolvers<void> | null = null;
  private stopLooking: (() => void) | null = null;
  private lookedMs = 0;
  /** For how long it has been degraded; time without counts against it. */
  private degradedMs = 0;
  private lastError = 'a worker does not answer';
  private window = { sinceMs: 0, busyMs: 0, utilization: 0 };

  constructor(options: DecoderPoolOptions) {
    this.options = options;
    const { memory, decoder, flushIntervalMs } = options;
    this.workers = memory.lanes.map((_, index) => {
      const workerData = { memory: memory.handle, laneIndex: index, decoder, flushIntervalMs };
      return new DecodeWorker({
        index,
        workerData,
        watch: new LeaseWatch(memory, index),
        onReady: () => this.ready(),
        onLost: (error, restartMs) => this.lost(index, error, restartMs),
        onHung: (hasLease) => this.hung(index, hasLease),
      });
    });
  }

  /** Waits until every worker is up. Throws what keeps one from starting, such as `native_missing`. */
  async start(): Promise<void> {
    // The only way to say so: resource limits know a maximum, and V8 never grows to it when nothing survives.
    setFlagsFromString(`--min-semi-space-size=${youngSpaceMib}`);
    this.lookedMs = performance.now();
    this.stopLooking = pulse.every(decodeWatchMs, (nowMs) => this.look(nowMs));
    this.starting = Promise.withResolvers();
    for (const worker of this.workers) worker.start();
    try {
      await this.starting.promise;
    } catch (error) {
      await this.stop();
      // Errors lose their class between threads; the message says what is missing.
      throw new GatewayError('native_missing', `a decode worker cannot start: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      this.starting = null;
    }
  }

  /**
   * Gives a lane to its worker, as soon as that is up. Rejects when the worker is lost, or when the lease threw; else it does not
   * settle. `onChanges` is called meanwhile.
   */
  work(laneIndex: number, onChanges: (changes: LeaseChanges) => void): Promise<void> {
    return this.workers[laneIndex]!.work(onChanges);
  }

  /** Lanes that wait for their worker. */
  get waiting(): number {
    return this.workers.filter(({ isAwaited }) => isAwaited).length;
  }

  /** How much of their time the workers spent decoding since this was last read, 0 to 1. */
  measureUtilization(): number {
    const { memory } = this.options;
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.window.sinceMs;
    if (elapsedMs >= utilizationWindowMs) {
      const busyMs = memory.lanes.reduce((sum, lane) => sum + lane.busyMs, 0);
      const utilization = Math.min(1, (busyMs - this.window.busyMs) / elapsedMs / memory.lanes.length);
      this.window = { sinceMs: nowMs, busyMs, utilization };
    }
    return this.window.utilization;
  }

  /** Ends the workers; does not wait for one that does not end. */
  async stop(): Promise<void> {
    this.stopLooking?.();
    await withTimeout(
      decodeStopMsMax,
      Promise.all(this.workers.map((worker) => worker.stop())).then(() => {}),
    );
  }

  private ready(): void {
    if (this.starting !== null && this.workers.every(({ isIdle }) => isIdle)) this.starting.resolve();
  }

  private lost(worker: number, error: Error, restartMs: number): void {
    this.lastError = error.message;
    if (this.starting !== null) this.starting.reject(error);
    else this.options.onReport({ msg: 'decode worker failed', worker, error: error.message, restartMs });
  }

  private hung(worker: number, hasLease: boolean): void {
    this.lastError = `worker ${worker} does nothing`;
    this.options.onReport({ msg: 'decode worker hung', worker, ...(hasLease && { lane: worker }) });
  }

  private look(nowMs: number): void {
    // A look that comes late says that the whole process stood still, or the machine has no time for it: not a worker's fault.
    const elapsedMs = Math.min(nowMs - this.lookedMs, 2 * decodeWatchMs);
    this.lookedMs = nowMs;
    let stalledMs = 0;
    for (const worker of this.workers) {
      worker.look(elapsedMs);
      stalledMs = Math.max(stalledMs, worker.stalledMs);
    }
    if (this.starting !== null) return;
    const isDegraded = stalledMs >= degradedAfterMs;
    if (isDegraded !== this.isDegraded) this.options.onDegraded(isDegraded);
    this.isDegraded = isDegraded;
    const before = this.degradedMs;
    this.degradedMs = Math.max(0, before + (isDegraded ? elapsedMs : -elapsedMs));
    if (before < degradedMsMax && this.degradedMs >= degradedMsMax) this.fail();
  }

  private fail(): void {
    const seconds = degradedMsMax / 1000;
    const message = `decode workers have been missing for ${seconds} s, the last time because: ${this.lastError}`;
    this.options.onFailed(new GatewayError('decoding_failed', message));
  }
}
