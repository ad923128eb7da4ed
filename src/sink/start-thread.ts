/** Starts a sink's thread. Main thread. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { SinkWorkerData } from './messages.ts';

/** What a sink's heap may grow to, MiB: one that leaks dies, is replaced, and takes no other thread with it. */
const resourceLimits = { maxOldGenerationSizeMb: 512 };
/** What a module prints is left out while so much of it waits to be read. */
const printedBytesMax = 1024 * 1024;

export function startThread(workerData: SinkWorkerData): Worker {
  const entry = new URL(`./sink.worker${extname(import.meta.url)}`, import.meta.url);
  if (workerData.spec.kind !== 'module') return new Worker(entry, { workerData, resourceLimits });
  // Standard output is the log's: what a user's module prints goes to standard error.
  const thread = new Worker(entry, { workerData, resourceLimits, stdout: true });
  thread.stdout.on('data', (chunk: Buffer) => {
    if (process.stderr.writableLength < printedBytesMax) process.stderr.write(chunk);
  });
  return thread;
}
