/** Reads all rings that it is handed, in one loop; tells what it had of each, with a hash of its samples. */
import { createHash, type Hash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { FrameBatch, type RingHandle, RingReader } from '../../src/index.ts';

/** The slow one does not look for so long: rings hold two seconds. */
const sleepsMs = workerData === 'slow' ? 3000 : 0;
const intervalMs = 20;

const batch = new FrameBatch(100);
const readings = new Set<{ reader: RingReader; hash: Hash; dueMs: number }>();

parentPort!.on('message', (handle: RingHandle) => {
  readings.add({ reader: new RingReader(handle), hash: createHash('sha256'), dueMs: performance.now() + sleepsMs });
});

setInterval(() => {
  for (const reading of readings) {
    const { reader, hash, dueMs } = reading;
    if (performance.now() < dueMs) continue;
    let result = reader.readBatch(batch);
    for (; result === 'frame'; result = reader.readBatch(batch))
      hash.update(batch.samples.subarray(0, batch.sampleCount));
    if (result === 'empty') continue;
    readings.delete(reading);
    const { framesRead, framesLapped, track } = reader;
    const { streamId, participantId } = track;
    parentPort!.postMessage({ streamId, participantId, framesRead, framesLapped, result, samples: hash.digest('hex') });
  }
}, intervalMs);
