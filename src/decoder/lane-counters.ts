/**
 * One lane's progress, counters and histograms, as the worker that has the lane writes them: plain additions, because
 * ownership passes with the shift. Readers elsewhere see each number whole. Worker thread.
 */
import {
  batchBounds,
  type DropReason,
  jitterBoundsMs,
  lane,
  reasonIndex,
  residenceBoundsMs,
} from '../memory/layout.ts';
import type { Views } from '../memory/shared-memory.ts';

/** Index of the bucket for a value: the first bound that is not below it. */
function bucketOf(bounds: readonly number[], value: number): number {
  let bucket = 0;
  while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
  return bucket;
}

export class LaneCounters {
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;

  constructor(views: Views) {
    this.f64 = views.f64;
    this.i32 = views.i32;
  }

  /** Adds to a field of `lane`, such as `lane.frames`. */
  add(field: number, count: number): void {
    this.f64[field / 8]! += count;
  }

  drop(reason: DropReason): void {
    this.f64[lane.dropped / 8 + reasonIndex[reason]]! += 1;
  }

  /** J after a message. */
  observeJitter(valueMs: number): void {
    this.observe(lane.jitter, jitterBoundsMs, valueMs);
  }

  /** How much too early or too late a message was. */
  observeDeviation(valueMs: number): void {
    this.observe(lane.deviation, jitterBoundsMs, valueMs);
  }

  observeResidence(valueMs: number): void {
    this.observe(lane.residence, residenceBoundsMs, valueMs);
  }

  /** Records that were found at a time. */
  observeBatch(records: number): void {
    this.observe(lane.batch, batchBounds, records);
  }

  private observe(histogram: number, bounds: readonly number[], value: number): void {
    const base = histogram / 8;
    this.f64[base + bucketOf(bounds, value)]! += 1;
    this.f64[base + bounds.length + 1]! += value;
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
