/**
 * Whether the lease that has a lane does anything, as seen from outside: a worker that decodes, sleeps or parks changes words of
 * its lane all the time, so these words are its heartbeat, and it costs the worker nothing. Main thread. Invariant: a lease in
 * which nothing moves is only in order if its worker is parked in front of an empty lane.
 */
import { lane, record, streamSlot } from '../memory/layout.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';

const progressWords = [lane.begun, lane.done, lane.head, lane.parked].map((field) => field / 4);

export class LeaseWatch {
  private readonly memory: SharedMemory;
  private laneIndex = 0;
  private stillMs = 0;
  private readonly seen = new Int32Array(progressWords.length + 1);

  constructor(memory: SharedMemory) {
    this.memory = memory;
  }

  /** A lease begins. */
  begin(laneIndex: number): void {
    this.laneIndex = laneIndex;
    this.stillMs = 0;
  }

  /** Returns for how long nothing has moved. `elapsedMs`: since the last look. */
  look(elapsedMs: number): number {
    const { i32 } = this.memory.lanes[this.laneIndex]!;
    this.stillMs += elapsedMs;
    for (let i = 0; i < progressWords.length; i++) this.compare(i, Atomics.load(i32, progressWords[i]!));
    this.compare(progressWords.length, this.ringsInHand(i32));
    if (isResting(i32)) this.stillMs = 0;
    return this.stillMs;
  }

  private compare(index: number, value: number): void {
    if (this.seen[index] !== value) this.stillMs = 0;
    this.seen[index] = value;
  }

  /** Rings that the stream of the record in hand has: the release of large ones takes long, but its count goes down. */
  private ringsInHand(i32: Int32Array): number {
    const at = lane.halves + i32[lane.done / 4]!;
    const { streams, streamBytes } = this.memory;
    return streams.i32[(i32[(at + record.stream) / 4]! * streamBytes + streamSlot.participantCount) / 4] ?? 0;
  }
}

/** Parked, and nothing waits. */
function isResting(i32: Int32Array): boolean {
  const isParked = (Atomics.load(i32, lane.parked / 4) & 1) === 1;
  return isParked && Atomics.load(i32, lane.head / 4) === Atomics.load(i32, lane.tail / 4);
}
