/**
 * What a supervised thread shows of itself in shared memory: that its event loop turns, and its threadMetrics. Written by that
 * thread alone, read by the main thread.
 */
import { getHeapStatistics } from 'node:v8';
import { ThreadMetrics, ThreadMetricsWatch, threadMetricsDoubles } from './thread-metrics.ts';

/** The beats, and what aligns the threadMetrics behind them. */
const headBytes = 8;

export class ThreadSigns {
  readonly buffer: SharedArrayBuffer;
  readonly threadMetrics: ThreadMetrics;
  private readonly beatsWord: Int32Array;

  constructor(buffer = new SharedArrayBuffer(headBytes + 8 * threadMetricsDoubles)) {
    this.buffer = buffer;
    this.beatsWord = new Int32Array(buffer, 0, 1);
    this.threadMetrics = new ThreadMetrics(new Float64Array(buffer, headBytes));
  }

  /** Changes as long as the thread's event loop turns. */
  get beats(): number {
    return Atomics.load(this.beatsWord, 0);
  }

  beat(): void {
    Atomics.add(this.beatsWord, 0, 1);
  }

  /** The same in memory of its own: a thread that is given up may still write into the old one. */
  copy(): ThreadSigns {
    const signs = new ThreadSigns();
    new Uint8Array(signs.buffer).set(new Uint8Array(this.buffer));
    return signs;
  }
}

/** How often a thread looks what it holds outside of its heap: buffers, which no limit of V8's bounds. */
const memoryIntervalMs = 1000;

/** Shows the signs of the calling thread, from now on. `onMemory`: it holds more than so much outside of its heap. */
export function showSigns(buffer: SharedArrayBuffer, bytesMax: number, onMemory: (reason: string) => void): void {
  const signs = new ThreadSigns(buffer);
  let dueMs = 0;
  const watch = new ThreadMetricsWatch(signs.threadMetrics, (nowMs) => {
    signs.beat();
    if (nowMs < dueMs) return;
    dueMs = nowMs + memoryIntervalMs;
    const { external_memory: bytes } = getHeapStatistics();
    if (bytes <= bytesMax) return;
    const mib = (value: number) => Math.round(value / 2 ** 20);
    onMemory(`the thread holds ${mib(bytes)} MiB outside of its heap, more than ${mib(bytesMax)}`);
  });
  watch.start();
}
