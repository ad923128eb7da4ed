/**
 * Whether the lease that has a lane does anything, as seen from outside: a worker that decodes, sleeps or parks changes words of
 * its lane all the time, so these words are its heartbeat, and it costs the worker nothing. Main thread. Invariant: a lease in
 * which nothing moves is only in order if its worker is parked in front of an empty lane.
 */
import type { LaneHeader } from '../memory/lane-header.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { StreamSlot } from '../memory/stream-slot.ts';

/** Numbers that are looked at. */
const looks = 5;

export class LeaseWatch {
  private readonly memory: SharedMemory;
  private readonly lane: LaneHeader;
  private stillMs = 0;
  private readonly seen = new Int32Array(looks);

  constructor(memory: SharedMemory, laneIndex: number) {
    this.memory = memory;
    this.lane = memory.lanes[laneIndex]!;
  }

  /** A lease begins. */
  begin(): void {
    this.stillMs = 0;
  }

  /** Returns for how long nothing has moved. `elapsedMs`: since the last look. */
  look(elapsedMs: number): number {
    const { lane } = this;
    this.stillMs += elapsedMs;
    this.compare(0, lane.loadBegun());
    this.compare(1, lane.loadDone());
    this.compare(2, lane.loadHead());
    this.compare(3, lane.loadParked());
    this.compare(4, this.ringsInHand(lane));
    if (isResting(lane)) this.stillMs = 0;
    return this.stillMs;
  }

  private compare(index: number, value: number): void {
    if (this.seen[index] !== value) this.stillMs = 0;
    this.seen[index] = value;
  }

  /** Rings that the stream of the record in hand has: the release of large ones takes long, but its count goes down. */
  private ringsInHand(lane: LaneHeader): number {
    const record = lane.record();
    record.moveTo(lane.loadDone());
    const { stream } = record;
    // Where no record is there may stand anything.
    const isStream = stream >= 0 && stream < this.memory.geometry.streamCount;
    return isStream ? new StreamSlot(this.memory, stream).participantCount : 0;
  }
}

/** Parked, and nothing waits. */
function isResting(lane: LaneHeader): boolean {
  return (lane.loadParked() & 1) === 1 && lane.loadHead() === lane.loadTail();
}
