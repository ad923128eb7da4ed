/** The side that takes: sums up the samples of every frame, so that none is passed over, one way or another. */
import { parentPort, workerData } from 'node:worker_threads';
import { Frame, FrameBatch, RingReader } from '../../src/index.ts';
import type { Counted, ToReader, Way } from './traffic.ts';

const way = workerData as Way;
const intervalMs = 20;
const readers: RingReader[] = [];
const frame = new Frame();
const batch = new FrameBatch(50);
let messages = 0;
let sum = 0;

function take(samples: Int16Array, count: number): void {
  // One look per cache line: the work itself is the user's.
  for (let i = 0; i < count; i += 32) sum += samples[i]!;
}

/** The ways in which frames come, each of its own; the others ask again and again. */
const streams: Partial<Record<Way, (reader: RingReader) => AsyncIterable<Frame>>> = {
  'for await': (reader) => reader,
  toReadable: (reader) => reader.toReadable(),
  toWebStream: (reader) => reader.toWebStream(),
};
const streamOf = streams[way];

async function follow(frames: AsyncIterable<Frame>): Promise<void> {
  for await (const each of frames) take(each.samples, each.sampleCount);
}

function readAll(): void {
  for (const reader of readers) {
    if (way === 'readBatch') while (reader.readBatch(batch) === 'frame') take(batch.samples, batch.sampleCount);
    else while (reader.read(frame) === 'frame') take(frame.samples, frame.sampleCount);
  }
}

function counted(): Counted {
  const { user, system } = process.threadCpuUsage();
  const frames = readers.reduce((total, reader) => total + reader.framesRead, messages);
  const framesLapped = readers.reduce((total, reader) => total + reader.framesLapped, 0);
  return { frames, framesLapped, cpuUs: user + system };
}

parentPort!.on('message', (message: ToReader | Uint8Array) => {
  if (message instanceof Uint8Array) {
    messages++;
    take(new Int16Array(message.buffer, message.byteOffset, message.length / 2), message.length / 2);
  } else if (message.type === 'count') parentPort!.postMessage(counted());
  else {
    for (const handle of message.handles) readers.push(new RingReader(handle));
    if (streamOf !== undefined) for (const reader of readers) void follow(streamOf(reader));
    else setInterval(readAll, intervalMs);
  }
});

// Read by nobody, and so that nothing of it can be left out.
process.on('exit', () => void sum);
