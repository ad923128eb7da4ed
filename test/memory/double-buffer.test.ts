/** Numbers that belong together are read together, whatever the thread that writes them does meanwhile. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { createQueue, QueueWriter } from '../../src/capture/queue.ts';
import { DoubleBuffer, doubleBufferBytes } from '../../src/memory/double-buffer.ts';
import { ReaderProgress } from '../../src/reader/progress.ts';
import { Progress } from '../../src/sink/progress.ts';
import type { WriterData } from './double-buffer.worker.ts';

/** Until they have met so often, or for so long: where they share one processor, each sees the other now and then only. */
const [meetings, meetMs] = [200_000, 3000];

/** Starts the thread that writes, and waits until it does. */
async function writing(kind: WriterData['kind'], buffer: SharedArrayBuffer): Promise<() => Promise<void>> {
  const control = new SharedArrayBuffer(4);
  const state = new Int32Array(control);
  const worker = new Worker(new URL('double-buffer.worker.ts', import.meta.url), {
    workerData: { kind, buffer, control } satisfies WriterData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  onTestFinished(async () => {
    await worker.terminate();
  });
  await Atomics.waitAsync(state, 0, 0).value;
  return async () => {
    const ended = once(worker, 'exit');
    Atomics.store(state, 0, 2);
    await ended;
  };
}

/** Looks again and again. `look` returns a number of the version that it saw, and throws if it saw two at once. */
function watch(look: () => number): { readonly looks: number; readonly versions: number } {
  const endMs = performance.now() + meetMs;
  let [last, looks, versions] = [-1, 0, 0];
  while (versions < meetings && performance.now() < endMs) {
    for (let i = 0; i < 1000; i++) {
      const seen = look();
      if (seen < last) throw new Error(`went back from ${last} to ${seen} after ${looks} looks`);
      if (seen > last) versions++;
      last = seen;
      looks++;
    }
  }
  return { looks, versions };
}

describe('while another thread writes as fast as it can', () => {
  it("a sink's progress is read whole and never goes back", async () => {
    const progress = new Progress();
    const counts = { next: 0, framesLapped: 0, framesLost: 0 };
    const stop = await writing('sink', progress.buffer);
    const { versions } = watch(() => {
      progress.readCounts(counts);
      const { next, framesLapped, framesLost } = counts;
      if (next !== 3 * framesLost || framesLapped !== 2 * framesLost) throw new Error(JSON.stringify(counts));
      return framesLost;
    });
    await stop();
    expect(versions).toBeGreaterThan(1);
  });

  it("a reader's progress is read whole and never goes back", async () => {
    const progress = new ReaderProgress();
    const stop = await writing('reader', progress.buffer);
    // Read and lapped rise one to two: a mixture of two versions would go back.
    const { versions } = watch(() => progress.framesRead);
    await stop();
    expect(versions).toBeGreaterThan(1);
    expect(progress.framesLapped).toBe(2 * progress.framesRead);
  });

  it("what a capture's thread has written is read whole and never goes back", async () => {
    const buffer = createQueue(1024);
    const queue = new QueueWriter(buffer);
    const stop = await writing('queue', buffer);
    const { versions } = watch(() => {
      const { fileBytes, messages, blocks } = queue.written;
      if (fileBytes !== 3 * blocks || messages !== 2 * blocks) throw new Error(`${fileBytes} ${messages} ${blocks}`);
      return blocks;
    });
    await stop();
    expect(versions).toBeGreaterThan(1);
  });
});

test('the version may go beyond what its word holds', () => {
  const buffer = new SharedArrayBuffer(doubleBufferBytes(2));
  const shared = new DoubleBuffer(buffer, 0, 2);
  new Int32Array(buffer)[0] = 2 ** 31 - 3;
  const read = new Float64Array(2);
  for (let n = 0; n < 6; n++) {
    shared.write([n, -n]);
    shared.read(read);
    expect([...read]).toEqual([n, -n]);
  }
});

test('a reader that leaves frames out has neither read nor lost them', () => {
  const progress = new ReaderProgress();
  progress.note(5, 2);
  progress.skip(10);
  expect([progress.next, progress.framesRead, progress.framesLapped, progress.framesSkipped]).toEqual([15, 3, 2, 10]);
  progress.note(16, 2);
  expect([progress.framesRead, progress.framesSkipped]).toEqual([4, 10]);
});
