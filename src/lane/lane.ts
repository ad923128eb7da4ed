/**
 * A lane: two halves in shared memory and group commit. The main thread fills one half while a worker decodes the other;
 * when the flush interval is up and no batch is in flight, the filled half becomes one task and the halves swap. A late
 * worker makes the next batch larger, and so cheaper per frame. Full: the newest message is refused (a return value).
 *
 * Invariant: at most one batch of a lane is in flight, and with it goes the ownership of the lane's streams and rings. So
 * a stream's records are dealt with in order, and nothing needs a lock. Main thread.
 */
import type { Batch, BatchResult } from '../decoder/frame-decoder.ts';
import { lane, laneReserveBytes, record, recordBytes, recordKind } from '../memory/layout.ts';
import type { SharedMemory, Views } from '../memory/shared-memory.ts';

export type LaneRecordKind = (typeof recordKind)[keyof typeof recordKind];

export interface LaneOptions {
  readonly memory: SharedMemory;
  readonly index: number;
  readonly flushIntervalMs: number;
  /** Decodes a batch; rejects when its worker is lost. */
  readonly run: (batch: Batch) => Promise<BatchResult | null>;
  /** A batch is dealt with; `result` tells what happened in it. */
  readonly onBatch: (result: BatchResult) => void;
  /** A batch was cut short: one message of this stream was never decoded. */
  readonly onLost: (streamIndex: number) => void;
  readonly onWorkerLost: (error: Error) => void;
}

const noBytes = new Uint8Array(0);

export class Lane {
  readonly index: number;
  /** Messages that were in a batch whose worker was lost. */
  lostMessages = 0;
  private readonly options: LaneOptions;
  private readonly views: Views;
  private readonly halfBytes: number;
  private readonly messageBytesMax: number;
  private filling = 0;
  private usedBytes = 0;
  private records = 0;
  private isInFlight = false;
  private isDue = false;
  private timer: NodeJS.Timeout | null = null;
  private idleWaiters: (() => void)[] = [];

  constructor(options: LaneOptions) {
    const { geometry } = options.memory;
    this.options = options;
    this.index = options.index;
    this.views = options.memory.lanes[options.index]!;
    this.halfBytes = geometry.laneHalfBytes;
    this.messageBytesMax = geometry.laneHalfBytes - laneReserveBytes(geometry.streamCount);
  }

  /** Bytes that wait for a worker. */
  get backlogBytes(): number {
    return this.usedBytes;
  }

  /**
   * Copies a message into the lane. Returns false when the half is full: the message is not taken.
   * `bytes` may die as soon as this returns.
   */
  pushMessage(streamIndex: number, arrivalMs: number, bytes: Uint8Array): boolean {
    if (this.usedBytes + recordBytes(bytes.length) > this.messageBytesMax) return false;
    this.push(recordKind.message, streamIndex, arrivalMs, bytes);
    return true;
  }

  /** Appends the end of a stream, or the release of its rings. Always fits: room is kept for one of each per stream. */
  pushControl(kind: typeof recordKind.close | typeof recordKind.release, streamIndex: number): void {
    this.push(kind, streamIndex, 0, noBytes);
  }

  private push(kind: LaneRecordKind, streamIndex: number, arrivalMs: number, bytes: Uint8Array): void {
    const { i32, f64 } = this.views;
    const at = lane.halves + this.filling * this.halfBytes + this.usedBytes;
    const word = at >> 2;
    i32[word + record.kind / 4] = kind;
    i32[word + record.payloadBytes / 4] = bytes.length;
    i32[word + record.stream / 4] = streamIndex;
    f64[(at + record.arrivalMs) >> 3] = arrivalMs;
    if (bytes.length > 0) this.views.bytes.set(bytes, at + record.payload);
    this.usedBytes += recordBytes(bytes.length);
    if (this.records++ === 0) this.arm();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  idle(): Promise<void> {
    if (this.records === 0 && !this.isInFlight) return Promise.resolve();
    return new Promise((resolve) => this.idleWaiters.push(resolve));
  }

  private arm(): void {
    if (this.timer === null) this.timer = setTimeout(() => this.due(), this.options.flushIntervalMs);
    else this.timer.refresh();
  }

  private due(): void {
    if (this.isInFlight) this.isDue = true;
    else this.flush();
  }

  private flush(): void {
    const batch: Batch = { lane: this.index, half: this.filling, bytes: this.usedBytes, records: this.records };
    this.filling = 1 - this.filling;
    this.usedBytes = 0;
    this.records = 0;
    this.isDue = false;
    this.isInFlight = true;
    this.views.i32[lane.doneBytes / 4] = 0;
    this.options.run(batch).then(
      (result) => this.landed(result),
      (error: unknown) => this.lost(batch, error instanceof Error ? error : new Error(String(error))),
    );
  }

  private landed(result: BatchResult | null): void {
    this.isInFlight = false;
    if (result !== null) this.options.onBatch(result);
    if (this.isDue && this.records > 0) this.flush();
    else if (this.records === 0) {
      this.isDue = false;
      for (const wake of this.idleWaiters.splice(0)) wake();
    }
  }

  /**
   * A batch whose worker is gone. What it dealt with is in shared memory, only its news are lost: every stream of the
   * batch may have some. Of the rest, messages are counted, ends and releases go into the next batch.
   */
  private lost(batch: Batch, error: Error): void {
    const { i32 } = this.views;
    const start = lane.halves + batch.half * this.halfBytes;
    const doneUntil = start + i32[lane.doneBytes / 4]!;
    const news = new Set<number>();
    for (let at = start; at < start + batch.bytes; ) {
      const streamIndex = i32[(at + record.stream) / 4]!;
      const kind = i32[(at + record.kind) / 4];
      if (at < doneUntil) news.add(streamIndex);
      else if (kind === recordKind.message) {
        this.lostMessages++;
        this.options.onLost(streamIndex);
      } else this.pushControl(kind === recordKind.close ? recordKind.close : recordKind.release, streamIndex);
      at += recordBytes(i32[(at + record.payloadBytes) / 4]!);
    }
    this.options.onWorkerLost(error);
    this.landed({ news: [...news], faults: [] });
  }

  /** Stops the timer. What still waits stays there: drain first. */
  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }
}
