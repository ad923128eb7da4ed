/**
 * Entry of a decode worker: attaches the shared memory that piscina hands over and works its lane.
 * Imports no more than that takes.
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { DecoderName } from '../config/decoder-names.ts';
import { SharedMemory, type SharedMemoryHandle } from '../memory/shared-memory.ts';
import { createParsers } from '../protocol/parsers.ts';
import { GcPauses } from '../thread/gc-pauses.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { workLease } from './lease.ts';
import type { LeaseChanges } from './lease-changes.ts';
import { rehearse } from './rehearsal.ts';

export interface DecoderWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly laneIndex: number;
  readonly decoder: DecoderName;
  readonly flushIntervalMs: number;
  /** It takes over from another one, whose calls wait: it does not rehearse. */
  readonly isReplacement: boolean;
}

/** `load`: only says that the worker is up. `lease`: does not end. */
export type DecoderTask = 'load' | 'lease';

const { memory: handle, laneIndex, decoder: name, flushIntervalMs, isReplacement } = workerData as DecoderWorkerData;
const memory = SharedMemory.attach(handle);
const clock = () => performance.now();
const decoder = new FrameDecoder(memory, laneIndex, createParsers(name), clock);

if (!isReplacement) rehearse(createParsers(name), clock);

function tell(changes: LeaseChanges): void {
  parentPort!.postMessage(changes);
}

const lease = { lane: memory.lanes[laneIndex]!, decoder, flushIntervalMs, gcPauses: new GcPauses(), clock, tell };

export default function work(task: DecoderTask): void {
  if (task === 'lease') workLease(lease);
}
