/** A lane whose worker is the test: it decides when a batch lands, when it is lost, and how far it came. */
import type { Batch, BatchResult } from '../../src/decoder/frame-decoder.ts';
import { Lane } from '../../src/lane/lane.ts';
import { lane, laneReserveBytes, record, recordBytes, recordKind } from '../../src/memory/layout.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';

export interface SeenRecord {
  readonly kind: 'message' | 'close' | 'release';
  readonly stream: number;
  readonly text: string;
  readonly arrivalMs: number;
}

const kindNames = {
  [recordKind.message]: 'message',
  [recordKind.close]: 'close',
  [recordKind.release]: 'release',
} as const;

/** A batch that is with the worker, as it was when it came there. */
export interface Flight {
  readonly batch: Batch;
  readonly records: readonly SeenRecord[];
  land(result?: BatchResult | null): Promise<void>;
  /** The worker dies after `done` records; `'asleep'`: before it looked at the batch. */
  lose(done: number | 'asleep', error?: unknown): Promise<void>;
}

export class LaneRig {
  readonly memory: SharedMemory;
  readonly lane: Lane;
  readonly flights: Flight[] = [];
  readonly results: BatchResult[] = [];
  /** Streams of the messages that were lost, in order. */
  readonly lost: number[] = [];
  readonly errors: Error[] = [];
  onBatch: (result: BatchResult) => void = () => {};

  constructor(sizes: { dataBytes?: number; streams?: number } = {}) {
    const streamCount = sizes.streams ?? 3;
    this.memory = SharedMemory.create({
      ringCount: 8,
      ringSlotCount: 110,
      streamCount,
      participantsMax: 4,
      laneCount: 2,
      laneHalfBytes: (sizes.dataBytes ?? 4096) + laneReserveBytes(streamCount),
    });
    this.lane = new Lane({
      memory: this.memory,
      index: 1,
      flushIntervalMs: 2,
      run: (batch) => this.run(batch),
      onBatch: (result) => {
        this.results.push(result);
        this.onBatch(result);
      },
      onLost: (stream) => this.lost.push(stream),
      onWorkerLost: (error) => this.errors.push(error),
    });
  }

  /** The flight that left last. */
  get flight(): Flight {
    return this.flights.at(-1)!;
  }

  push(stream: number, text: string, arrivalMs = 0): boolean {
    return this.lane.pushMessage(stream, arrivalMs, Buffer.from(text));
  }

  private run(batch: Batch): Promise<BatchResult | null> {
    const { promise, resolve, reject } = Promise.withResolvers<BatchResult | null>();
    const { records, ends } = this.recordsOf(batch);
    this.flights.push({
      batch,
      records,
      // The lane hears of it in a microtask.
      land: async (result = null) => {
        resolve(result);
        await settled();
      },
      lose: async (done, error = new Error('worker lost')) => {
        if (done !== 'asleep')
          this.memory.lanes[batch.lane]!.i32[lane.doneBytes / 4] = done === 0 ? 0 : ends[done - 1]!;
        reject(error);
        await settled();
      },
    });
    return promise;
  }

  /** The messages that stand in a batch now. */
  textOf(batch: Batch): string[] {
    return this.recordsOf(batch).records.map((seen) => seen.text);
  }

  private recordsOf(batch: Batch): { records: SeenRecord[]; ends: number[] } {
    const { i32, f64, bytes } = this.memory.lanes[batch.lane]!;
    const start = lane.halves + batch.half * this.memory.geometry.laneHalfBytes;
    const records: SeenRecord[] = [];
    const ends: number[] = [];
    for (let at = start; at < start + batch.bytes; at = start + ends.at(-1)!) {
      const kind = i32[(at + record.kind) / 4] as keyof typeof kindNames;
      const payloadBytes = i32[(at + record.payloadBytes) / 4]!;
      const text = bytes.toString('utf8', at + record.payload, at + record.payload + payloadBytes);
      const stream = i32[(at + record.stream) / 4]!;
      records.push({ kind: kindNames[kind], stream, text, arrivalMs: f64[(at + record.arrivalMs) / 8]! });
      ends.push(at - start + recordBytes(payloadBytes));
    }
    if (records.length !== batch.records) throw new Error(`${records.length} records, ${batch.records} announced`);
    return { records, ends };
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}
