/** The thread of starvation.ts: sleeps, and notes how late it is woken. */
import { workerData } from 'node:worker_threads';

const figures = new Float64Array(workerData as SharedArrayBuffer);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const sleepMs = 5;

setInterval(() => {
  const dueMs = performance.now() + sleepMs;
  Atomics.wait(sleeper, 0, 0, sleepMs);
  const lateMs = Math.max(0, performance.now() - dueMs);
  figures[0] = Math.max(figures[0]!, lateMs);
  figures[1]! += lateMs;
  figures[2]! += 1;
}, 0);
