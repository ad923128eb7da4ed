/**
 * What holds a thread with an event loop up: how late its timers are, and its garbage collection. Decode workers have no
 * turning loop; they count the same into their lanes. Any thread; it writes, others read.
 */
import { pulse } from '../base/pulse.ts';
import { delayBoundsMs, Histogram, histogramDoubles } from '../memory/histogram.ts';
import { GcPauses } from './gc-pauses.ts';

/** How often the loop is looked at; a stall between two looks is seen all the same. */
const sampleIntervalMs = 50;
/** What is taken to be due during a stall: a frame of a call. */
const dueIntervalMs = 20;

/** Later than this is no worse for the average: a process that stood still for minutes has to take new calls soon. */
const latenessMsMax = 2000;

/** The average forgets at this pace. */
const averageMs = 2000;

/** Doubles that the threadMetrics of a thread take. */
export const threadMetricsDoubles = 2 * histogramDoubles(delayBoundsMs);

/** Both histograms, as any thread sees them. */
export class ThreadMetrics {
  readonly f64: Float64Array;
  /** Milliseconds that a timer is late, as often as one would have been due. */
  readonly delay: Histogram;
  readonly gcPause: Histogram;

  /** In memory that other threads can have. */
  static create(): ThreadMetrics {
    return new ThreadMetrics(new Float64Array(new SharedArrayBuffer(8 * threadMetricsDoubles)));
  }

  constructor(f64: Float64Array, at = 0) {
    this.f64 = f64;
    this.delay = new Histogram(f64, at, delayBoundsMs);
    this.gcPause = new Histogram(f64, at + histogramDoubles(delayBoundsMs), delayBoundsMs);
  }
}

/** Watches the thread that starts it, until it is stopped. Does not keep the thread alive. */
export class ThreadMetricsWatch {
  private readonly threadMetrics: ThreadMetrics;
  private readonly onSample: (nowMs: number) => void;
  private gcPauses: GcPauses | null = null;
  private stopWatching: (() => void) | null = null;
  private dueMs = 0;
  private averageMs = 0;

  /** @param onSample called with each look at the loop */
  constructor(threadMetrics: ThreadMetrics, onSample: (nowMs: number) => void = () => {}) {
    this.threadMetrics = threadMetrics;
    this.onSample = onSample;
  }

  start(): void {
    this.gcPauses = new GcPauses();
    this.dueMs = performance.now() + sampleIntervalMs;
    this.stopWatching = pulse.every(sampleIntervalMs, (nowMs) => this.sample(nowMs));
  }

  /** How late the loop has been in the last seconds, on average, in ms; as of now, if it is late right now. */
  get lateness(): number {
    return this.stopWatching === null ? 0 : this.averagedWith(Math.max(0, performance.now() - this.dueMs));
  }

  stop(): void {
    this.stopWatching?.();
    this.stopWatching = null;
  }

  private sample(nowMs: number): void {
    // Timers have whole milliseconds and may be a fraction early.
    const lateMs = Math.max(0, nowMs - this.dueMs);
    this.threadMetrics.delay.observeStall(lateMs, dueIntervalMs);
    this.averageMs = this.averagedWith(lateMs);
    this.gcPauses?.collect(nowMs, this.threadMetrics.gcPause);
    this.dueMs = nowMs + sampleIntervalMs;
    this.onSample(nowMs);
  }

  /** Who comes during a stall waits for half of it, on average. */
  private averagedWith(stallMs: number): number {
    const lateMs = Math.min(stallMs, latenessMsMax);
    const weight = 1 - Math.exp(-(lateMs + sampleIntervalMs) / averageMs);
    return this.averageMs + weight * (lateMs / 2 - this.averageMs);
  }
}
