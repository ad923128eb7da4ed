/** Entry of the capture's thread. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { runCapture } from './capture-thread.ts';
import type { CaptureWorkerData } from './messages.ts';

/** When the processor is short, streams come first. */
const niceness = 5;

if (process.platform === 'linux') {
  try {
    // There, and nowhere else, 0 is the calling thread and not the process.
    setPriority(0, niceness);
  } catch {
    // Not allowed here. It captures all the same.
  }
}
await runCapture(workerData as CaptureWorkerData, parentPort!);
