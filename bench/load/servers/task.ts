/**
 * The obvious reading of "offload it to worker threads": uWebSockets.js, and one piscina task per message. As cheap as that
 * can be made: message and PCM cross in shared memory, the task itself is two numbers. What is under way is bounded by the
 * slots; a message that finds none is dropped and counted. With the argument `tuned` a worker may be given many tasks before
 * it has finished the first, which saves most of the waking up and is not what piscina does by itself.
 */
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { Accounting } from './accounting.ts';
import { listen } from './front-end.ts';
import { Slots, slotCount, type Task } from './slots.ts';

const accounting = new Accounting();
const slots = new Slots();
const free = Array.from({ length: slotCount }, (_, slot) => slot);
/** As many as piscina starts at most by itself; fewer do less work here. Kept, because starting one takes longer than a call. */
const usualThreads = Math.ceil(availableParallelism() * 1.5);
const usual = { minThreads: usualThreads, maxThreads: usualThreads };
/** Measured: more threads, fewer tasks at a time, or piscina's other ways of waking a worker cost more. */
const tunedThreads = Math.max(1, availableParallelism() - 1);
const tuned = { minThreads: tunedThreads, maxThreads: tunedThreads, concurrentTasksPerWorker: 1024 };

/** The PCM's bytes; 0 for a message without audio. */
const pool = new Piscina<Task, number>({
  filename: new URL('./task.worker.ts', import.meta.url).href,
  workerData: slots.memory,
  idleTimeout: Number.POSITIVE_INFINITY,
  ...(process.argv[2] === 'tuned' ? tuned : usual),
});

function take(message: ArrayBuffer): void {
  const beginMs = accounting.begin();
  const slot = free.pop();
  if (slot === undefined) {
    accounting.drop();
    return;
  }
  pool.run(slots.put(slot, message)).then((pcmBytes) => {
    if (pcmBytes > 0) accounting.decoded(slots.pcmOf(slot, pcmBytes), beginMs);
    free.push(slot);
  });
}

/** Waits until every worker is up. */
async function warmUp(): Promise<void> {
  const nothing = slots.put(0, new TextEncoder().encode('{}').buffer);
  await Promise.all(Array.from({ length: pool.maxThreads }, () => pool.run(nothing)));
}

accounting.serve(async () => {
  await warmUp();
  return listen(take);
});
