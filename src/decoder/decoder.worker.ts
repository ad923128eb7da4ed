/**
 * Entry of a decode worker: attaches the shared memory that piscina hands over and works the leases it is given.
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

export interface DecoderWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly decoder: DecoderName;
  readonly flushIntervalMs: number;
  readonly isShared: boolean;
}

const { memory: handle, decoder, flushIntervalMs, isShared } = workerData as DecoderWorkerData;
const memory = SharedMemory.attach(handle);
const clock = () => performance.now();
const frameDecoder = new FrameDecoder(memory, createParsers(decoder), clock);

let changesSent = 0;

function tell(changes: LeaseChanges): void {
  changesSent++;
  parentPort!.postMessage(changes);
}

const lease = { memory, decoder: frameDecoder, flushIntervalMs, isShared, gcPauses: new GcPauses(), clock, tell };

/** Returns how many changes this thread has told so far: they come by another way than what is returned here. */
export default function work(laneIndex: number): number {
  workLease(lease, laneIndex);
  return changesSent;
}
