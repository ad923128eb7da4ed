/**
 * The worker pool: the only importer of piscina. One task per batch, never one per message. Main thread.
 */
import { extname } from 'node:path';
import { Piscina } from 'piscina';
import { GatewayError } from '../errors.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { DecoderWorkerData } from './decoder.worker.ts';
import type { Batch, BatchResult } from './frame-decoder.ts';
import type { DecoderName } from './protocol/parsers.ts';

export interface DecoderPoolOptions {
  readonly memory: SharedMemory;
  readonly workers: number;
  readonly decoder: DecoderName;
  /** A worker failed outside of a batch. */
  readonly onError: (error: Error) => void;
}

const emptyBatch: Batch = { lane: 0, half: 0, bytes: 0, records: 0 };

export class DecoderPool {
  private readonly piscina: Piscina<Batch, BatchResult | null>;

  constructor(options: DecoderPoolOptions) {
    const workerData: DecoderWorkerData = { memory: options.memory.handle, decoder: options.decoder };
    this.piscina = new Piscina<Batch, BatchResult | null>({
      filename: new URL(`./decoder.worker${extname(import.meta.url)}`, import.meta.url).href,
      workerData,
      minThreads: options.workers,
      maxThreads: options.workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      // A worker has nothing to do between batches: parked in Atomics.wait it wakes faster than an event loop does.
      atomics: 'sync',
      // Once per batch; without it piscina's utilization stays 0.
      recordTiming: true,
      workerHistogram: false,
    });
    this.piscina.on('error', options.onError);
  }

  /** Waits until every worker is up. Throws what keeps one from starting, such as `native_missing`. */
  async start(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: this.piscina.maxThreads }, () => this.piscina.run(emptyBatch)));
    } catch (error) {
      await this.stop();
      // Errors lose their class between threads; the message says what is missing.
      throw new GatewayError('native_missing', `a decode worker cannot start: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Rejects when the worker is lost, or when the batch threw; see `lane.doneBytes` for how far it came. */
  run(batch: Batch): Promise<BatchResult | null> {
    return this.piscina.run(batch);
  }

  /** Batches that wait for a worker. */
  get waiting(): number {
    return this.piscina.queueSize;
  }

  /** piscina's own estimate of how busy the workers are, 0 to 1. */
  get utilization(): number {
    return this.piscina.utilization;
  }

  async stop(): Promise<void> {
    await this.piscina.destroy();
  }
}
