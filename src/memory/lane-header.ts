/**
 * A lane's header: how far its writer and its reader have come, and what the worker that has it counts; its records are
 * `LaneRecord`s. The main thread writes the tail; all else belongs to the worker that has the lane, as plain additions, because
 * ownership passes with the lease. Others see each number whole. How both sleep and are woken is here, too.
 */
import { urgedRingsMax } from '../base/limits.ts';
import { LaneCounts } from './lane-counts.ts';
import { LaneRecord } from './lane-record.ts';
import { lane, note } from './layout.ts';
import { inDoubles, inWords } from './offsets.ts';

const {
  tail: tailAt,
  head: headAt,
  begun: begunAt,
  done: doneAt,
  parked: parkedAt,
  ringsHeld: ringsHeldAt,
  gateWaits: gateWaitsAt,
  gateGivenUp: gateGivenUpAt,
  urgedCount: urgedCountAt,
  urged: urgedAt,
} = inWords(lane);
const { gatedMs: gatedMsAt } = inDoubles(lane);

export class LaneHeader extends LaneCounts {
  // ── tail and head ──
  /** Where the next record will stand. */
  loadTail(): number {
    return Atomics.load(this.i32, tailAt);
  }
  /** Behind the record. Main thread. */
  storeTail(tail: number): void {
    Atomics.store(this.i32, tailAt, tail);
  }
  /** Where the oldest record stands that still counts as occupied. */
  get head(): number {
    return this.i32[headAt]!;
  }
  loadHead(): number {
    return Atomics.load(this.i32, headAt);
  }
  /** The end of the record that was taken up last, and of the one that was finished last. */
  loadBegun(): number {
    return Atomics.load(this.i32, begunAt);
  }
  loadDone(): number {
    return Atomics.load(this.i32, doneAt);
  }

  /** The record that ends at `end` is in hand; if this worker dies now, it is what was lost. */
  begin(end: number): void {
    this.i32[begunAt] = end;
  }
  /** The record that ends at `end` is dealt with and counted. */
  finish(end: number): void {
    this.i32[doneAt] = end;
  }
  /** Everything before `head` may be overwritten. */
  release(head: number): void {
    this.i32[begunAt] = head;
    this.i32[doneAt] = head;
    Atomics.store(this.i32, headAt, head);
  }

  /** A view of its records; places are counted as `head` and `tail` are. */
  record(): LaneRecord {
    return new LaneRecord(this, lane.halves);
  }

  // ── sleeping and waking ──
  /** Sleeps until something stands behind `tail`, and shows that it must be woken. Worker thread. */
  park(tail: number, timeoutMs: number): void {
    Atomics.add(this.i32, parkedAt, 1);
    Atomics.wait(this.i32, tailAt, tail, timeoutMs);
    Atomics.add(this.i32, parkedAt, 1);
  }
  /** Odd while the worker is parked; counts up at both changes. */
  loadParked(): number {
    return Atomics.load(this.i32, parkedAt);
  }
  /** The worker that was parked is gone. */
  leavePark(): void {
    if ((this.loadParked() & 1) === 1) Atomics.add(this.i32, parkedAt, 1);
  }
  /** Wakes a worker that is parked. */
  wake(): void {
    Atomics.notify(this.i32, tailAt);
  }
  /** Sleeps between two looks of the worker: a waiter of the head is never woken. */
  sleepAtHead(head: number, timeoutMs: number): void {
    Atomics.wait(this.i32, headAt, head, timeoutMs);
  }
  /** Sleeps between two looks of the main thread, which writes the tail itself, and calls who waits for it. */
  sleepAtTail(tail: number, timeoutMs: number): void {
    Atomics.wait(this.i32, tailAt, tail, timeoutMs);
  }

  // ── rings ──
  /** Rings that the lane's streams have. */
  loadRingsHeld(): number {
    return Atomics.load(this.i32, ringsHeldAt);
  }
  storeRingsHeld(count: number): void {
    Atomics.store(this.i32, ringsHeldAt, count);
  }
  addRingsHeld(count: number): void {
    Atomics.add(this.i32, ringsHeldAt, count);
  }
  /** The ring that is being taken from the pool or given back; -1: none. Part of the undo note. */
  get ringInHand(): number {
    return this.i32[(lane.note + note.ringInHand) / 4]! - 1;
  }
  set ringInHand(index: number) {
    this.i32[(lane.note + note.ringInHand) / 4] = index + 1;
  }

  // ── gates ──
  /** Counts up while the worker waits for a reader. */
  loadGateWaits(): number {
    return Atomics.load(this.i32, gateWaitsAt);
  }
  countGateWait(): void {
    Atomics.add(this.i32, gateWaitsAt, 1);
  }
  /** For how long it has waited for the reader of a gate, ms. */
  gatedMs(gate: number): number {
    return this.f64[gatedMsAt + gate]!;
  }
  addGatedMs(gate: number, ms: number): void {
    this.f64[gatedMsAt + gate]! += ms;
  }
  /** A reader is not waited for as long as it has made no more than so many moves. */
  giveUpGate(gate: number, moves: number): void {
    this.i32[gateGivenUpAt + gate] = moves + 1;
  }
  isGateGivenUp(gate: number, moves: number): boolean {
    return this.i32[gateGivenUpAt + gate] === ((moves + 1) | 0);
  }
  /** Names a ring whose readers shall read at once. */
  nameUrged(ring: number): void {
    const count = this.i32[urgedCountAt]!;
    this.i32[urgedAt + (count & (urgedRingsMax - 1))] = ring;
    Atomics.store(this.i32, urgedCountAt, (count + 1) | 0);
  }
  /** How many were named, ever; the latest `urgedRingsMax` of them are known. */
  loadUrgedCount(): number {
    return Atomics.load(this.i32, urgedCountAt);
  }
  urged(count: number): number {
    return this.i32[urgedAt + (count & (urgedRingsMax - 1))]!;
  }
}
