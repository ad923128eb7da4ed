/**
 * The side that gives: participants in rings, as the decoder writes them, or a message for each frame, as one does without
 * rings. Paced absolutely, in the main thread, which counts its own CPU time.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { frameBytes, framesPerSecond } from '../../src/base/limits.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { ringSlotCount } from '../../src/memory/sizes.ts';
import type { RingHandle } from '../../src/reader/handle.ts';
import { ReaderGroup } from '../../src/reader/reader-group.ts';
import { RingPool } from '../../src/ring/pool.ts';
import { RingWriter } from '../../src/ring/writer.ts';

export const ways = [
  'write only',
  'read',
  'readBatch',
  'for await',
  'toReadable',
  'toWebStream',
  'postMessage, copied',
  'postMessage, transferred',
] as const;
export type Way = (typeof ways)[number];

export interface Timing {
  readonly participants: number;
  readonly warmUpSeconds: number;
  readonly windowSeconds: number;
}

export interface Outcome {
  /** In the window, by the side that reads; by the side that gives when nobody reads. */
  readonly frames: number;
  readonly framesLapped: number;
  /** CPU time in the window, µs. */
  readonly givingUs: number;
  readonly readingUs: number;
  readonly seconds: number;
}

/** What the reader's thread is told, and what it answers to `count`. */
export type ToReader = { readonly type: 'rings'; readonly handles: readonly RingHandle[] } | { readonly type: 'count' };
export interface Counted {
  readonly frames: number;
  readonly framesLapped: number;
  readonly cpuUs: number;
}

const sampleRate = 16_000;
const pcmBytes = frameBytes(sampleRate);
const tickMs = 5;

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** All participants of a run, with something to write into each ring. */
class Participants {
  readonly handles: readonly RingHandle[];
  private readonly writers: readonly RingWriter[];
  private next = 0;

  constructor(count: number) {
    const memory = SharedMemory.create({
      ringCount: count,
      ringSlotCount: ringSlotCount(2),
      streamCount: 1,
      participantsMax: 1,
      laneCount: 1,
      laneHalfBytes: 1 << 16,
    });
    const pool = new RingPool(memory);
    const readers = new ReaderGroup({ name: 'bench', memory, lingerMs: 0, onDrained: () => {} });
    this.writers = Array.from({ length: count }, () => new RingWriter(memory, pool.take()));
    this.handles = this.writers.map((writer, index) => {
      writer.open(sampleRate, Buffer.from(String(index)), 0, String(index).length);
      const address = { index: writer.index, generation: 0 };
      readers.started(address, 'stream');
      const track = {
        streamId: 'stream',
        callConnectionId: null,
        correlationId: null,
        participantId: String(index),
        sampleRate,
      };
      return readers.handle(address, track)!;
    });
  }

  write(pcm: Buffer): void {
    const writer = this.writers[this.next % this.writers.length]!;
    pcm.copy(writer.bytes, writer.nextPcm());
    writer.commit(pcmBytes, 0, 0, 1e12 + this.next, performance.now(), this.next);
    this.next++;
  }
}

async function count(worker: Worker): Promise<Counted> {
  worker.postMessage({ type: 'count' } satisfies ToReader);
  return (await once(worker, 'message'))[0] as Counted;
}

/** One run. */
export async function run(way: Way, { participants, warmUpSeconds, windowSeconds }: Timing): Promise<Outcome> {
  const worker = new Worker(new URL('./reader.worker.ts', import.meta.url), { workerData: way });
  await once(worker, 'online');
  const rings = new Participants(participants);
  const usesRings = !way.startsWith('postMessage');
  if (usesRings && way !== 'write only')
    worker.postMessage({ type: 'rings', handles: rings.handles } satisfies ToReader);
  const pcm = Buffer.alloc(pcmBytes, 1);
  const give = () => {
    if (usesRings) rings.write(pcm);
    else {
      // What a program without rings has: the frame in a buffer of its own, because the socket's is used again.
      const copy = new Uint8Array(pcm);
      if (way === 'postMessage, transferred') worker.postMessage(copy, [copy.buffer]);
      else worker.postMessage(copy);
    }
  };
  const beganMs = performance.now();
  let given = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - beganMs) / 1000) * participants * framesPerSecond;
    for (; given < due; given++) give();
  }, tickMs);
  await new Promise((resolve) => setTimeout(resolve, warmUpSeconds * 1000));
  const before = { given, us: threadCpuUs(), ms: performance.now(), reader: await count(worker) };
  await new Promise((resolve) => setTimeout(resolve, windowSeconds * 1000));
  const after = { given, us: threadCpuUs(), ms: performance.now(), reader: await count(worker) };
  clearInterval(timer);
  await worker.terminate();
  const frames = way === 'write only' ? after.given - before.given : after.reader.frames - before.reader.frames;
  return {
    frames,
    framesLapped: after.reader.framesLapped - before.reader.framesLapped,
    givingUs: after.us - before.us,
    readingUs: after.reader.cpuUs - before.reader.cpuUs,
    seconds: (after.ms - before.ms) / 1000,
  };
}
