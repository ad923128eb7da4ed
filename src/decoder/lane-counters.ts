/**
 * One lane's progress, counters and histograms, as the worker that has the lane writes them: plain additions, because
 * ownership passes with the lease. Readers elsewhere see each number whole. Worker thread.
 */
import { batchBounds, delayBoundsMs, Histogram } from '../memory/histogram.ts';
import { type DropReason, dropReasons, lane, reasonIndex } from '../memory/layout.ts';
import type { Views } from '../memory/shared-memory.ts';

export class LaneCounters {
  /** Records that were found at a time. */
  readonly batch: Histogram;
  /** How much longer than the flush interval the oldest message of a batch had waited. */
  readonly delay: Histogram;
  readonly gcPause: Histogram;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;

  constructor({ f64, i32 }: Views) {
    this.f64 = f64;
    this.i32 = i32;
    const histogram = (field: number, bounds: readonly number[]) => new Histogram(f64, field / 8, bounds);
    this.batch = histogram(lane.batch, batchBounds);
    this.delay = histogram(lane.delay, delayBoundsMs);
    this.gcPause = histogram(lane.gcPause, delayBoundsMs);
  }

  /** Adds to a field of `lane`, such as `lane.frames`. */
  add(field: number, count: number): void {
    this.f64[field / 8]! += count;
  }

  drop(reason: DropReason): void {
    this.f64[lane.dropped / 8 + reasonIndex[reason]]! += 1;
  }

  /** Holds the counters against the ordinal of the last message that was dealt with. */
  verify(ordinal: number): void {
    const { f64 } = this;
    let counted = f64[lane.committed / 8]! + f64[lane.control / 8]! + f64[lane.ignored / 8]!;
    for (let i = 0; i < dropReasons.length; i++) counted += f64[lane.dropped / 8 + i]!;
    // Ordinals are modulo 2^32, and so is the difference.
    f64[lane.unaccounted / 8] = (ordinal - (counted % 2 ** 32)) | 0;
  }

  /** The record that ends at `end` is in hand; if this worker dies now, it is what was lost. */
  begin(end: number): void {
    this.i32[lane.begun / 4] = end;
  }

  /** The record that ends at `end` is dealt with and counted. */
  finish(end: number): void {
    this.i32[lane.done / 4] = end;
  }

  /** Everything before `head` may be overwritten. */
  release(head: number): void {
    this.i32[lane.begun / 4] = head;
    this.i32[lane.done / 4] = head;
    Atomics.store(this.i32, lane.head / 4, head);
  }
}
