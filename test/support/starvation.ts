/**
 * What the machine gave while a test ran. A thread that does nothing but sleep looks how late it is woken; but the scheduler favours
 * sleepers, so the kernel is asked, too, for how long threads that wanted a CPU had to wait for one. A bound on time holds on a quiet
 * machine as it stands; on a busy one it is wider by what was measured, or the test is repeated.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { CpuWait } from './cpu-wait.ts';
import { figures as at, figuresBytes, monotonicMs } from './starvation-figures.ts';

/** Later than this no quiet machine wakes a thread. */
const quietMsMax = 15;
/** A test with its gateway and simulator alone on two cores waits for itself for a tenth of the time; beside others for half of it and more. */
const quietWaitShareMax = 0.3;
/** A guest alone on its host loses one or two in a hundred. */
const quietStealShareMax = 0.05;
const attemptsMax = 5;
/** Since the first attempt began. */
const repeatMsMax = 120_000;

export class Starvation {
  private readonly figures: Float64Array;
  private readonly thread: Worker;
  private readonly cpu = new CpuWait();

  private constructor(figures: Float64Array, thread: Worker) {
    this.figures = figures;
    this.thread = thread;
  }

  static async watch(): Promise<Starvation> {
    const figures = new Float64Array(new SharedArrayBuffer(figuresBytes));
    figures[at.dueMs] = Number.POSITIVE_INFINITY;
    const thread = new Worker(new URL('./starvation.worker.ts', import.meta.url), { workerData: figures.buffer });
    // Before that it would see nothing: a thread that is online has its code still to load.
    await once(thread, 'message');
    return new Starvation(figures, thread);
  }

  /** The latest that a sleep of 5 ms ended; one that should have ended and continues is as late as it is by now. */
  get worstMs(): number {
    return Math.max(this.figures[at.worstMs]!, monotonicMs() - this.figures[at.dueMs]!);
  }
  get meanMs(): number {
    return this.figures[at.sumMs]! / Math.max(1, this.figures[at.sleeps]!);
  }

  /** Said by the sleeping thread alone: for what a test does not judge on a busy machine, though it keeps the CPUs busy itself. */
  get wakesLate(): boolean {
    return this.worstMs > quietMsMax;
  }

  /** It had other things to do, or more than it could: a test that fails meanwhile is worth another attempt. */
  get isBusy(): boolean {
    const { waitShare, stealShare } = this.cpu;
    return this.wakesLate || waitShare > quietWaitShareMax || stealShare > quietStealShareMax;
  }

  toString(): string {
    const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
    const { waitShare, stealShare } = this.cpu;
    return `a thread was woken ${this.worstMs.toFixed(0)} ms late, some waited for a CPU for ${percent(waitShare)} of the time, ${percent(stealShare)} was stolen`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.thread.terminate();
  }
}

const unexcused = new WeakSet<object>();

/** What no want of time excuses: when it fails in `unlessStarved`, that is the end of the test. */
export async function always<T>(check: () => T | Promise<T>): Promise<T> {
  try {
    return await check();
  } catch (error) {
    unexcused.add(error as object);
    throw error;
  }
}

/** Runs a test that judges times; repeats it when it fails and the machine was busy meanwhile. On a quiet one every failure counts. `attempt`: from 1. */
export async function unlessStarved(body: (machine: Starvation, attempt: number) => Promise<void>): Promise<void> {
  const begunMs = performance.now();
  for (let attempt = 1; ; attempt++) {
    await using machine = await Starvation.watch();
    try {
      await body(machine, attempt);
      return;
    } catch (error) {
      const mayRepeat = machine.isBusy && attempt < attemptsMax && performance.now() < begunMs + repeatMsMax;
      if (!mayRepeat || unexcused.has(error as object)) throw error;
      console.info(`repeated: ${machine}`);
    }
  }
}

/** The body of a test that judges times, for `test`. */
export function judgingTimes(body: (machine: Starvation) => Promise<void>): () => Promise<void> {
  return () => unlessStarved(body);
}
