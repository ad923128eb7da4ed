/** The thread of starvation.ts: sleeps, and notes how late it is woken. It wants nothing else, so all of its time is one sleep or another. */
import { parentPort, workerData } from 'node:worker_threads';
import { figures as at, monotonicMs, sleepMs } from './starvation-figures.ts';

const figures = new Float64Array(workerData as SharedArrayBuffer);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

parentPort!.postMessage('begun');
for (let wokenMs = monotonicMs(); ; ) {
  const dueMs = wokenMs + sleepMs;
  figures[at.dueMs] = dueMs;
  Atomics.wait(sleeper, 0, 0, sleepMs);
  wokenMs = monotonicMs();
  const lateMs = Math.max(0, wokenMs - dueMs);
  figures[at.worstMs] = Math.max(figures[at.worstMs]!, lateMs);
  figures[at.sumMs]! += lateMs;
  figures[at.sleeps]! += 1;
}
