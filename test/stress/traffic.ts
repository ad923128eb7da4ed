/** Real lanes with real decode workers, and messages whose timestamps say which ones they are. */
import type { Worker } from 'node:worker_threads';
import { expect } from 'vitest';
import { DecoderPool } from '../../src/decoder/pool.ts';
import { Lane } from '../../src/lane/lane.ts';
import { lane as laneLayout, ring, streamSlot } from '../../src/memory/layout.ts';
import { reasonIndex } from '../../src/memory/outcomes.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { laneReserveBytes, ringSlotCount } from '../../src/memory/sizes.ts';
import { placeOf, RingCursor } from '../../src/ring/cursor.ts';
import { Frame } from '../../src/ring/frame.ts';
import { audio, iso, startMs } from '../decoder/messages.ts';

export const flushIntervalMs = 2;
export const streamsPerLane = 3;

/** The threads that were started in this process, the last one last. */
export const threads: Worker[] = [];
process.on('worker', (worker) => threads.push(worker));

export class Traffic {
  readonly memory: SharedMemory;
  readonly lanes: readonly Lane[];
  readonly pool: DecoderPool;
  /** Messages that each stream has sent. */
  readonly sent: number[];
  readonly news: number[] = [];
  leases = 0;
  deaths = 0;

  constructor(laneCount: number) {
    const streamCount = laneCount * streamsPerLane;
    this.memory = SharedMemory.create({
      ringCount: streamCount,
      ringSlotCount: ringSlotCount(60),
      streamCount,
      participantsMax: 1,
      laneCount,
      laneHalfBytes: 400_000 + laneReserveBytes(streamCount),
    });
    this.sent = Array(streamCount).fill(0);
    this.pool = new DecoderPool({
      memory: this.memory,
      decoder: 'scan',
      flushIntervalMs,
      onReport: () => {},
      onDegraded: () => {},
      onFailed: () => {},
    });
    this.lanes = Array.from({ length: laneCount }, (_, index) => {
      return new Lane({
        memory: this.memory,
        index,
        flushIntervalMs,
        work: (laneIndex, onChanges) => {
          this.leases++;
          return this.pool.work(laneIndex, onChanges);
        },
        onChanges: ({ streams }) => this.news.push(...streams),
        onWorkerLost: () => this.deaths++,
      });
    });
  }

  /** The next message of a stream; its timestamp says which one it is. */
  send(stream: number): void {
    const text = audio({ timestamp: iso(startMs + 20 * this.sent[stream]!++) });
    const lane = this.lanes[stream % this.lanes.length]!;
    expect(lane.pushMessage(stream, performance.now(), Buffer.from(text)), 'the lane is full').toBe(true);
  }

  committed(stream: number): number {
    const { f64 } = this.memory.streams;
    return f64[(this.memory.streamOffset(stream) + streamSlot.committed) / 8]!;
  }

  /** Messages of each stream that were lost with their worker. */
  get lost(): number[] {
    const { streams } = this.memory;
    return this.sent.map((_, stream) => {
      const at = this.memory.streamOffset(stream) + streamSlot.dropped;
      return streams.f64[at / 8 + reasonIndex.worker_lost]!;
    });
  }

  get isDone(): boolean {
    const { lost } = this;
    return this.sent.every((count, stream) => this.committed(stream) + lost[stream]! >= count);
  }

  isParked(laneIndex: number): boolean {
    return Atomics.load(this.memory.lanes[laneIndex]!.i32, laneLayout.parked / 4) % 2 !== 0;
  }

  /** Numbers of a stream's messages as they stand in its ring. */
  numbers(stream: number): number[] {
    const index = this.memory.streams.i32[(this.memory.streamOffset(stream) + streamSlot.rings) / 4]!;
    const { i32 } = this.memory.slabOf(index);
    const generation = i32[(this.memory.ringOffset(index) + ring.generation) / 4]!;
    const reader = new RingCursor(placeOf(this.memory, { index, generation }));
    const frame = new Frame();
    const numbers: number[] = [];
    while (reader.read(frame) === 'frame') numbers.push((frame.timestampMs - startMs) / 20);
    return numbers;
  }

  async stop(): Promise<void> {
    for (const lane of this.lanes) lane.stop();
    await this.pool.stop();
  }
}
