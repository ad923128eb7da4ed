/** Writes numbers that belong together as fast as it can, until it is told to stop: what a reader that is being lapped does. */
import { workerData } from 'node:worker_threads';
import { QueueReader } from '../../src/capture/queue.ts';
import { ReaderProgress } from '../../src/reader/progress.ts';
import { Progress } from '../../src/sink/progress.ts';

export interface WriterData {
  readonly kind: 'sink' | 'reader' | 'queue';
  readonly buffer: SharedArrayBuffer;
  /** A word: 1 when it writes, 2 when it shall stop. */
  readonly control: SharedArrayBuffer;
}

/** The n-th write: a frame was read, and two were overwritten before. */
function writerOf({ kind, buffer }: WriterData): (n: number) => void {
  if (kind === 'reader') {
    const progress = new ReaderProgress(buffer);
    return (n) => progress.note(3 * n, 2 * n);
  }
  if (kind === 'queue') {
    const queue = new QueueReader(buffer);
    return (n) => queue.commit(3 * n, 2 * n, n);
  }
  const progress = new Progress(buffer);
  const numbers = progress.recall();
  return (n) => {
    numbers[0] = 3 * n;
    numbers[1] = 2 * n;
    numbers[2] = n;
    progress.commit(numbers);
  };
}

const data = workerData as WriterData;
const control = new Int32Array(data.control);
const write = writerOf(data);
Atomics.store(control, 0, 1);
Atomics.notify(control, 0);
for (let n = 1; Atomics.load(control, 0) === 1; n++) write(n);
