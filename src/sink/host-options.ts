/** What a sink's host is given. Main thread. */
import type { Worker } from 'node:worker_threads';
import type { TellThrottled } from '../base/error-throttle.ts';
import type { SinkSpec } from '../config/sink-spec.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { ThreadLoss } from '../thread/supervised-thread.ts';
import type { FilesMessage, SinkWorkerData } from './messages.ts';
import type { TrackEnd } from './sink.ts';

export interface SinkHostOptions {
  readonly memory: SharedMemory;
  readonly spec: SinkSpec;
  /** By its place among the sinks: those beyond `gatesMax` have none. */
  readonly gateIndex?: number;
  /** See `SinkWorkerData`; without, audio is not sent into calls. */
  readonly holder?: number;
  /** Without a sign of life for so long its thread hangs. */
  readonly threadTimeoutMs: number;
  /** The sink does not look at a ring of this stream any more. */
  readonly onDrained: (streamId: string, end: TrackEnd) => void;
  /** A file is finished, which may come again; a call was deleted; all was done for a stream. */
  readonly onFiles?: (message: FilesMessage) => void;
  /** Something went wrong in the sink. */
  readonly onError: TellThrottled<string>;
  /** The sink's thread died or hangs; another one starts. */
  readonly onLost: (loss: ThreadLoss) => void;
  /** A thread that hangs cannot be ended; there are so many of them. */
  readonly onAbandoned: (count: number) => void;
  /** Starts a thread of the sink. */
  readonly startThread?: (workerData: SinkWorkerData) => Worker;
}
