/**
 * Entry of a decode worker: attaches the shared memory that piscina hands over and decodes the batches it is given.
 * Imports no more than that takes.
 */
import { workerData } from 'node:worker_threads';
import { SharedMemory, type SharedMemoryHandle } from '../memory/shared-memory.ts';
import { type Batch, type BatchResult, FrameDecoder } from './frame-decoder.ts';
import { createParsers, type DecoderName } from './protocol/parsers.ts';

export interface DecoderWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly decoder: DecoderName;
}

const data = workerData as DecoderWorkerData;
const decoder = new FrameDecoder(SharedMemory.attach(data.memory), createParsers(data.decoder), () =>
  performance.now(),
);

export default function decode(batch: Batch): BatchResult | null {
  return decoder.decode(batch);
}
