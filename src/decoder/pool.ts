/**
 * The worker pool: the only importer of piscina. One task per shift, never one per message. Main thread.
 */
import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import { GatewayError } from '../errors.ts';
import { lane } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { DecoderWorkerData } from './decoder.worker.ts';
import type { DecoderName } from './protocol/parsers.ts';
import { noLane, type ShiftResult } from './shift.ts';

export interface DecoderPoolOptions {
  readonly memory: SharedMemory;
  readonly workers: number;
  readonly decoder: DecoderName;
  readonly flushIntervalMs: number;
  /** A worker failed outside of a shift. */
  readonly onError: (error: Error) => void;
}

/**
 * Room for a worker's youngest objects, MiB. A base64 text per frame fills V8's own 1 MiB so often that the collections take
 * twice the time; none of the texts outlives its frame.
 */
const youngSpaceMib = 16;

/** What a worker's heap may grow to, MiB: one that leaks is lost and replaced, and takes nobody with it. It needs a tenth. */
const oldSpaceMib = 512;

/** Utilization is a mean over at least so long. */
const utilizationWindowMs = 1000;

export class DecoderPool {
  /** Null before the start. */
  private piscina: Piscina<number, ShiftResult | null> | null = null;
  private readonly options: DecoderPoolOptions;
  private window = { sinceMs: 0, busyMs: 0, utilization: 0 };

  constructor(options: DecoderPoolOptions) {
    this.options = options;
  }

  /** Waits until every worker is up. Throws what keeps one from starting, such as `native_missing`. */
  async start(): Promise<void> {
    const piscina = this.createPool();
    this.piscina = piscina;
    try {
      await Promise.all(Array.from({ length: piscina.maxThreads }, () => piscina.run(noLane)));
    } catch (error) {
      await this.stop();
      // Errors lose their class between threads; the message says what is missing.
      throw new GatewayError('native_missing', `a decode worker cannot start: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  private createPool(): Piscina<number, ShiftResult | null> {
    const { memory, workers, decoder, flushIntervalMs, onError } = this.options;
    const isShared = memory.geometry.laneCount > workers;
    const workerData: DecoderWorkerData = { memory: memory.handle, decoder, flushIntervalMs, isShared };
    // The only way to say so: resource limits know a maximum, and V8 never grows to it when nothing survives.
    setFlagsFromString(`--min-semi-space-size=${youngSpaceMib}`);
    const piscina = new Piscina<number, ShiftResult | null>({
      filename: new URL(`./decoder.worker${extname(import.meta.url)}`, import.meta.url).href,
      workerData,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      resourceLimits: { maxOldGenerationSizeMb: oldSpaceMib },
      concurrentTasksPerWorker: 1,
      // A worker has nothing to do between shifts: parked in Atomics.wait it wakes faster than an event loop does.
      atomics: 'sync',
      // It would take a worker for busy that sleeps between two looks into its lane.
      recordTiming: false,
      workerHistogram: false,
    });
    piscina.on('error', onError);
    return piscina;
  }

  /** Gives a lane to a worker for a shift. Rejects when the worker is lost, or when the shift threw. */
  async work(laneIndex: number): Promise<ShiftResult | null> {
    if (this.piscina === null) throw new Error('the pool was not started');
    return this.piscina.run(laneIndex);
  }

  /** Shifts that wait for a worker. */
  get waiting(): number {
    return this.piscina?.queueSize ?? 0;
  }

  /** How much of their time the workers spent decoding since this was last read, 0 to 1. */
  get utilization(): number {
    const { memory, workers } = this.options;
    const nowMs = performance.now();
    const elapsedMs = nowMs - this.window.sinceMs;
    if (elapsedMs >= utilizationWindowMs) {
      const busyMs = memory.lanes.reduce((sum, { f64 }) => sum + f64[lane.busyMs / 8]!, 0);
      const utilization = Math.min(1, (busyMs - this.window.busyMs) / elapsedMs / workers);
      this.window = { sinceMs: nowMs, busyMs, utilization };
    }
    return this.window.utilization;
  }

  async stop(): Promise<void> {
    await this.piscina?.destroy();
  }
}
