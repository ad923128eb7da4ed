/** What passes between the stress tests and their threads. */
import type { SharedMemoryHandle } from '../../src/memory/shared-memory.ts';
import type { RingAddress } from '../../src/ring/cursor.ts';

export interface WriterData {
  readonly memory: SharedMemoryHandle;
  readonly seed: number;
  readonly durationMs: number;
  /** `keep`: one participant all the time. `churn`: the ring passes to another one again and again. */
  readonly mode: 'keep' | 'churn';
}

export interface ReaderData {
  readonly memory: SharedMemoryHandle;
  readonly seed: number;
  /** The longest pause between two reads, ms; 0 for a reader at full speed. */
  readonly pauseMsMax: number;
  readonly mode: 'keep' | 'churn';
  readonly ring: RingAddress;
  /** In `churn`: becomes 1 when the writer is done. */
  readonly done: Int32Array<SharedArrayBuffer>;
}

export interface PoolData {
  readonly memory: SharedMemoryHandle;
  readonly seed: number;
  readonly durationMs: number;
  /** One word per ring: who holds it, 0 for nobody. */
  readonly owners: Int32Array<SharedArrayBuffer>;
  readonly name: number;
}

/** Counters of a thread, and what went wrong in it, '' for nothing. */
export interface Report {
  readonly fault: string;
  readonly frames: number;
  readonly lapped: number;
  /** Participants or rings that the thread had to do with. */
  readonly rings: number;
}
