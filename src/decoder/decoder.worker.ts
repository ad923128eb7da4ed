/**
 * Entry of a decode worker: attaches the shared memory that piscina hands over and works the shifts it is given.
 * Imports no more than that takes.
 */
import { workerData } from 'node:worker_threads';
import { SharedMemory, type SharedMemoryHandle } from '../memory/shared-memory.ts';
import { GcPauses } from '../thread/gc-pauses.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { createParsers, type DecoderName } from './protocol/parsers.ts';
import { noLane, type ShiftResult, workShift } from './shift.ts';

export interface DecoderWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly decoder: DecoderName;
  readonly flushIntervalMs: number;
  readonly isShared: boolean;
}

const { memory: handle, decoder, flushIntervalMs, isShared } = workerData as DecoderWorkerData;
const clock = () => performance.now();
const memory = SharedMemory.attach(handle);
const frameDecoder = new FrameDecoder(memory, createParsers(decoder), clock);

const gcPauses = new GcPauses();

export default function work(laneIndex: number): ShiftResult | null {
  const result = workShift({ memory, decoder: frameDecoder, flushIntervalMs, isShared, clock }, laneIndex);
  if (laneIndex !== noLane) gcPauses.collect(clock(), frameDecoder.countersOf(laneIndex).gcPause);
  return result;
}
