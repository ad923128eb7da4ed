/** A lane whose worker is the test: it decides when a lease takes records, how far it comes, when it ends and when it dies. */
import type { LeaseChanges } from '../../src/decoder/lease-changes.ts';
import { Lane } from '../../src/lane/lane.ts';
import { lane, record, streamSlot } from '../../src/memory/layout.ts';
import { reasonIndex } from '../../src/memory/outcomes.ts';
import { SharedMemory } from '../../src/memory/shared-memory.ts';
import { laneReserveBytes, recordBytes } from '../../src/memory/sizes.ts';
import { recordKind } from '../../src/memory/states.ts';
import type { Views } from '../../src/memory/views.ts';

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

/** A record in short. */
export function inShort({ kind, stream, text }: SeenRecord): string {
  return kind === 'message' ? `${stream}:${text}` : `${kind} ${stream}`;
}

export class LaneRig {
  readonly memory: SharedMemory;
  readonly lane: Lane;
  readonly views: Views;
  readonly halfBytes: number;
  readonly changes: LeaseChanges[] = [];
  /** Streams of the messages that were lost, in order. */
  readonly lost: number[] = [];
  readonly errors: Error[] = [];
  /** Leases that were asked for so far. */
  leases = 0;
  onChanges: (changes: LeaseChanges) => void = () => {};
  onWorkerLost: () => void = () => {};
  private lease: PromiseWithResolvers<void> | null = null;
  private tell: (changes: LeaseChanges) => void = () => {};

  constructor(sizes: { dataBytes?: number; streams?: number; index?: number } = {}) {
    const { index = 1 } = sizes;
    const streamCount = sizes.streams ?? 3;
    this.halfBytes = (sizes.dataBytes ?? 4096) + laneReserveBytes(streamCount);
    this.memory = SharedMemory.create({
      ringCount: 8,
      ringSlotCount: 110,
      streamCount,
      participantsMax: 4,
      laneCount: 2,
      laneHalfBytes: this.halfBytes,
    });
    this.views = this.memory.lanes[index]!;
    this.lane = new Lane({
      memory: this.memory,
      index,
      flushIntervalMs: 2,
      work: (laneIndex, onChanges) => {
        this.tell = onChanges;
        return this.work(laneIndex);
      },
      onChanges: (changes) => {
        this.changes.push(changes);
        this.onChanges(changes);
      },
      onWorkerLost: (error) => {
        this.noteLost();
        this.errors.push(error);
        this.onWorkerLost();
      },
    });
  }

  /** A message is lost when its stream says so. */
  private noteLost(): void {
    for (let stream = 0; stream < this.memory.geometry.streamCount; stream++) {
      const at = this.memory.streamOffset(stream) + streamSlot.dropped;
      const count = this.memory.streams.f64[at / 8 + reasonIndex.worker_lost]!;
      for (let known = this.lost.filter((one) => one === stream).length; known < count; known++) this.lost.push(stream);
    }
  }

  push(stream: number, text: string, arrivalMs = 0): boolean {
    return this.lane.pushMessage(stream, arrivalMs, Buffer.from(text));
  }

  /** Whether a worker has the lane. */
  get isServed(): boolean {
    return this.lease !== null;
  }

  /** A word of `lane`. */
  word(field: number): number {
    return Atomics.load(this.views.i32, field / 4);
  }

  setWord(field: number, value: number): void {
    Atomics.store(this.views.i32, field / 4, value);
  }

  /** The half in which the record that was pushed last stands. */
  get fillingHalf(): number {
    return this.word(lane.tail) > this.halfBytes ? 1 : 0;
  }

  /** Deals with the next records and frees their room, as a worker does when it has come to the tail that it saw. */
  take(count = Number.POSITIVE_INFINITY): SeenRecord[] {
    const seen = this.deal(count);
    this.setWord(lane.head, this.word(lane.done));
    return seen;
  }

  /** Deals with the next records, on its way to a tail further on: their room is not free yet. */
  deal(count: number): SeenRecord[] {
    const seen: SeenRecord[] = [];
    while (seen.length < count && this.follow()) {
      const { end, ...next } = this.read(this.word(lane.done));
      this.setWord(lane.begun, end);
      this.setWord(lane.done, end);
      seen.push(next);
    }
    return seen;
  }

  /** Takes the next record in hand. */
  takeUp(): SeenRecord {
    if (!this.follow()) throw new Error('nothing waits');
    const { end, ...next } = this.read(this.word(lane.done));
    this.setWord(lane.begun, end);
    return next;
  }

  /** The worker is done with its lease; the lane hears of it in a microtask. */
  async goHome(changes: LeaseChanges | null = null): Promise<void> {
    if (changes !== null) this.tell(changes);
    this.endLease().resolve();
    await settled();
  }

  /** The worker dies, and leaves everything as it is. */
  async die(error: unknown = new Error('worker lost')): Promise<void> {
    this.endLease().reject(error);
    await settled();
  }

  /** The worker goes to sleep and must be woken. */
  park(): void {
    Atomics.add(this.views.i32, lane.parked / 4, 1);
  }

  wakeUp(): void {
    Atomics.add(this.views.i32, lane.parked / 4, 1);
  }

  private work(laneIndex: number): Promise<void> {
    if (laneIndex !== this.lane.index) throw new Error(`lane ${laneIndex} instead of ${this.lane.index}`);
    if (this.lease !== null) throw new Error('two leases on one lane');
    this.leases++;
    this.lease = Promise.withResolvers();
    return this.lease.promise;
  }

  private endLease(): PromiseWithResolvers<void> {
    const { lease } = this;
    if (lease === null) throw new Error('nobody has the lane');
    this.lease = null;
    return lease;
  }

  /** Follows a mark to the other half. Returns whether a record waits. */
  private follow(): boolean {
    let at = this.word(lane.done);
    if (at === this.word(lane.tail)) return false;
    if (this.views.i32[(lane.halves + at + record.kind) / 4] !== recordKind.turn) return true;
    at = at < this.halfBytes ? this.halfBytes : 0;
    for (const field of [lane.begun, lane.done, lane.head]) this.setWord(field, at);
    return at !== this.word(lane.tail);
  }

  private read(start: number): SeenRecord & { readonly end: number } {
    const { i32, f64, bytes } = this.views;
    const at = lane.halves + start;
    const kind = kindNames[i32[(at + record.kind) / 4] as keyof typeof kindNames];
    const payloadBytes = i32[(at + record.payloadBytes) / 4]!;
    const end = start + recordBytes(payloadBytes);
    // Behind every record there must be room for the mark.
    const halfEnd = start < this.halfBytes ? this.halfBytes : 2 * this.halfBytes;
    if (kind === undefined || end + recordBytes(0) > halfEnd) throw new Error(`no record of this half at ${start}`);
    const text = bytes.toString('utf8', at + record.payload, at + record.payload + payloadBytes);
    const stream = i32[(at + record.stream) / 4]!;
    return { kind, stream, text, arrivalMs: f64[(at + record.arrivalMs) / 8]!, end };
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}
