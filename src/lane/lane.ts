/**
 * A lane: two halves in shared memory, full of records on their way from the main thread, which alone writes here, to the
 * worker that has the lane for a lease. Group commit: no record wakes a thread, the worker looks again after the flush
 * interval; only one that found nothing then is parked and must be woken. A late worker finds more at a time, and so a
 * cheaper frame. With much in it this thread waits for the worker, within a budget (`lane-wait.ts`). Full: the newest message is
 * refused (a return value). Before it is full, those of streams that have filled it are.
 *
 * Invariant: at most one lease has a lane, and with it goes the ownership of the lane's streams and rings. So a stream's
 * records are dealt with in order, and nothing needs a lock. Main thread.
 */

import { laneShareBytesMin, laneTurnBytes } from '../base/limits.ts';
import type { LeaseChanges } from '../decoder/lease-changes.ts';
import { recoverLane } from '../decoder/recovery.ts';
import type { LaneHeader } from '../memory/lane-header.ts';
import type { LaneRecord } from '../memory/lane-record.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import { laneReserveBytes, recordBytes } from '../memory/sizes.ts';
import { type RecordKind, recordKind } from '../memory/states.ts';
import { LaneWait, laneWait } from './lane-wait.ts';

export interface LaneOptions {
  readonly memory: SharedMemory;
  readonly index: number;
  readonly flushIntervalMs: number;
  /**
   * Gives the lane to a worker; resolves when its lease is over, rejects when the worker is lost. `onChanges` may be called in
   * between, and not after that.
   */
  readonly work: (laneIndex: number, onChanges: (changes: LeaseChanges) => void) => Promise<void>;
  readonly onChanges: (changes: LeaseChanges) => void;
  /** A worker is lost, and with it the changes of its lease: any stream of the lane may have some. */
  readonly onWorkerLost: (error: Error) => void;
}

const noBytes = new Uint8Array(0);

export class Lane {
  readonly index: number;
  private readonly options: LaneOptions;
  private readonly header: LaneHeader;
  private readonly record: LaneRecord;
  private readonly halfBytes: number;
  private readonly messageBytesMax: number;
  private readonly wait: LaneWait;
  /** Which half is being filled, how far, and how far the other one was. */
  private half = 0;
  private usedBytes = 0;
  private otherBytes = 0;
  /** Filled so far, it looks what the backlog is. */
  private lookBytes: number = laneTurnBytes;
  /** How often it changed over; for each stream, the turn in which its last message came, and its bytes since that turn. */
  private turns = 0;
  private readonly turnOf: Int32Array;
  private readonly bytesOf: Int32Array;
  private state: 'idle' | 'scheduled' | 'leased' | 'stopped' = 'idle';
  /** The park that was answered last: it needs no second call. */
  private wokenPark = 0;
  private timer: NodeJS.Timeout | null = null;
  /** Messages that were taken, ever. */
  messagesPushed = 0;

  constructor(options: LaneOptions) {
    const { geometry } = options.memory;
    this.options = options;
    this.index = options.index;
    this.header = options.memory.lanes[options.index]!;
    this.record = this.header.record();
    this.halfBytes = geometry.laneHalfBytes;
    this.messageBytesMax = geometry.laneHalfBytes - laneReserveBytes(geometry.streamCount);
    this.wait = new LaneWait(this.header, laneWait.share / geometry.laneCount);
    this.turnOf = new Int32Array(geometry.streamCount);
    this.bytesOf = new Int32Array(geometry.streamCount);
  }

  /** For how long the main thread has waited for a worker to make room, ms. */
  get waitedMs(): number {
    return this.wait.waitedMs;
  }

  /** Bytes that no worker has dealt with. */
  get backlogBytes(): number {
    const head = this.loadHead();
    if (this.isHere(head)) return this.tail - head;
    return this.otherBytes - (head - (1 - this.half) * this.halfBytes) + this.usedBytes;
  }

  /**
   * Copies a message into the lane. Returns false when the lane is full, or the stream's share of it: the message is not taken.
   * `bytes` may die as soon as this returns.
   */
  pushMessage(streamIndex: number, arrivalMs: number, bytes: Uint8Array): boolean {
    const size = recordBytes(bytes.length);
    if (size > this.messageBytesMax) return false;
    if (this.usedBytes > laneTurnBytes) this.keepUp();
    if (this.usedBytes + size > this.messageBytesMax && !this.turnIfFull()) return false;
    if (this.turnOf[streamIndex] !== this.turns) {
      this.turnOf[streamIndex] = this.turns;
      this.bytesOf[streamIndex] = 0;
    }
    if (this.usedBytes > this.messageBytesMax >> 1 && this.hasFilled(streamIndex)) return false;
    this.bytesOf[streamIndex]! += size;
    this.messagesPushed++;
    this.put(recordKind.message, streamIndex, arrivalMs, bytes, size);
    return true;
  }

  /** Appends the end of a stream, or the release of its rings. Always fits: room is kept for one of each per stream. */
  pushControl(kind: typeof recordKind.close | typeof recordKind.release, streamIndex: number): void {
    const size = recordBytes(0);
    if (this.usedBytes + size > this.messageBytesMax) this.turnIfFull();
    // The slot's next stream has sent nothing.
    this.bytesOf[streamIndex] = 0;
    this.put(kind, streamIndex, 0, noBytes, size);
  }

  /** What still waits stays where it is, and what leases still tell is not heard: drain first. */
  stop(): void {
    this.state = 'stopped';
    if (this.timer !== null) clearTimeout(this.timer);
  }

  /**
   * While the worker is busy with the other half, this one is all the room there is: then a stream may have as much of it as
   * is left for all others. Streams that send alike come to that only when it is full.
   */
  private hasFilled(streamIndex: number): boolean {
    const mostBytes = Math.max(laneShareBytesMin, this.messageBytesMax - this.usedBytes);
    return this.bytesOf[streamIndex]! > mostBytes && !this.isHere(this.loadHead());
  }

  /** Where the next record will stand. */
  private get tail(): number {
    return this.half * this.halfBytes + this.usedBytes;
  }

  private loadHead(): number {
    return this.header.loadHead();
  }

  /** Whether the worker is in the half that is being filled; then the other one is free. */
  private isHere(head: number): boolean {
    return head >= this.halfBytes === (this.half === 1);
  }

  /** Everything here is dealt with: the other half's beginning is more likely to be in the processor's cache. Else it is late. */
  private keepUp(): void {
    if (this.loadHead() === this.tail) this.turn();
    else if (this.usedBytes >= this.lookBytes) this.look();
  }

  private look(): void {
    this.lookBytes = this.usedBytes + laneTurnBytes;
    // The timer comes when everything that came at once is read: too late.
    if (this.state === 'scheduled') this.lease();
    else if (this.backlogBytes > laneWait.fromBytes) this.wait.wait(this);
  }

  /** Returns false when the worker is still busy with the other half. */
  private turnIfFull(): boolean {
    if (!this.isHere(this.loadHead())) return false;
    this.turn();
    return true;
  }

  private turn(): void {
    this.record.moveTo(this.tail);
    this.record.kind = recordKind.turn;
    this.otherBytes = this.usedBytes;
    this.half = 1 - this.half;
    this.usedBytes = 0;
    this.lookBytes = laneTurnBytes;
    this.turns = (this.turns + 1) | 0;
  }

  private put(kind: RecordKind, streamIndex: number, arrivalMs: number, bytes: Uint8Array, size: number): void {
    const { header, record, tail } = this;
    record.moveTo(tail);
    record.write(kind, streamIndex, this.messagesPushed, arrivalMs, bytes);
    this.usedBytes += size;
    header.storeTail(tail + size);
    if (this.state === 'leased') this.wake();
    else if (this.state === 'idle') this.schedule();
  }

  /** Wakes the worker if it is parked. It parks before it looks at the tail a last time: one of us sees the other. */
  private wake(): void {
    const park = this.header.loadParked();
    if ((park & 1) === 0 || park === this.wokenPark) return;
    this.wokenPark = park;
    this.header.wake();
  }

  private schedule(): void {
    this.state = 'scheduled';
    if (this.timer === null) this.timer = setTimeout(() => this.serveIfArmed(), this.options.flushIntervalMs);
    else this.timer.refresh();
  }

  /** It may have been served before its time. */
  private serveIfArmed(): void {
    if (this.state === 'scheduled') this.lease();
  }

  private lease(): void {
    this.state = 'leased';
    const onChanges = (changes: LeaseChanges) => {
      if (this.state !== 'stopped') this.options.onChanges(changes);
    };
    this.options.work(this.index, onChanges).then(
      () => this.leaseOver(),
      (error: unknown) => this.workerLost(error instanceof Error ? error : new Error(String(error))),
    );
  }

  private leaseOver(): void {
    if (this.state === 'stopped') return;
    if (this.tail === this.loadHead()) this.state = 'idle';
    else this.lease();
  }

  /** The record that the worker had in hand is finished or lost; everything else is still in the lane. */
  private workerLost(error: Error): void {
    if (this.state === 'stopped') return;
    recoverLane(this.options.memory, this.index, this.tail, this.messagesPushed);
    // No worker is parked any more.
    this.header.leavePark();
    this.options.onWorkerLost(error);
    this.leaseOver();
  }
}
