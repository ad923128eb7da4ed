/**
 * What the machine gave while a test ran: a thread that does nothing but sleep looks how late it is woken. A bound on time holds on a
 * quiet machine as it stands; on a busy one it is wider by what was measured, or the test is repeated.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** Later than this no quiet machine wakes a thread. */
const quietMsMax = 15;
const attemptsMax = 5;
/** Since the first attempt began. */
const repeatMsMax = 120_000;

export class Starvation {
  private readonly figures: Float64Array;
  private readonly thread: Worker;

  private constructor(figures: Float64Array, thread: Worker) {
    this.figures = figures;
    this.thread = thread;
  }

  static async watch(): Promise<Starvation> {
    const figures = new Float64Array(new SharedArrayBuffer(24));
    const thread = new Worker(new URL('./starvation.worker.ts', import.meta.url), { workerData: figures.buffer });
    await once(thread, 'online');
    return new Starvation(figures, thread);
  }

  /** The latest that a sleep of 5 ms ended. */
  get worstMs(): number {
    return this.figures[0]!;
  }
  get meanMs(): number {
    return this.figures[1]! / Math.max(1, this.figures[2]!);
  }

  /** It had other things to do: lateness that a test sees may be its, not ours. */
  get isBusy(): boolean {
    return this.worstMs > quietMsMax;
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
      console.info(`repeated: a thread was woken ${machine.worstMs.toFixed(0)} ms late`);
    }
  }
}

/** The body of a test that judges times, for `test`. */
export function judgingTimes(body: (machine: Starvation) => Promise<void>): () => Promise<void> {
  return () => unlessStarved(body);
}
