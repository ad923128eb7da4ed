/**
 * How long the garbage collector holds this thread up. Polled, not pushed: a thread that sleeps in `Atomics.wait` has no
 * event loop that could deliver an observer's entries. Any thread. Invariant: each collection is counted once.
 */
import { GCProfiler } from 'node:v8';
import type { Histogram } from '../memory/histogram.ts';

/** The profiler keeps what it saw, so it is asked often enough for that to be little. */
const collectIntervalMs = 1000;

export class GcPauses {
  private profiler = new GCProfiler();
  private dueMs = 0;

  constructor() {
    this.profiler.start();
  }

  /** Counts the pauses since the last time, if that is long enough ago. Costs 0.3 ms. */
  collect(nowMs: number, histogram: Histogram): void {
    if (nowMs < this.dueMs) return;
    this.dueMs = nowMs + collectIntervalMs;
    const { statistics } = this.profiler.stop();
    this.profiler = new GCProfiler();
    this.profiler.start();
    for (const { cost } of statistics) histogram.observe(cost / 1000);
  }
}
