/**
 * One lane's counters and histograms, as the worker that holds the lane's batch writes them: plain additions, because
 * ownership passes with the batch. Readers elsewhere see each number whole, at most one batch old. Worker thread.
 */
import { batchBounds, type DropReason, histogramBoundsMs, lane, reasonIndex } from '../memory/layout.ts';
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

  observe(histogram: number, valueMs: number): void {
    this.f64[histogram / 8 + bucketOf(histogramBoundsMs, valueMs)]! += 1;
    this.f64[histogram / 8 + histogramBoundsMs.length + 1]! += valueMs;
  }

  observeBatch(records: number): void {
    this.f64[lane.batch / 8 + bucketOf(batchBounds, records)]! += 1;
    this.f64[lane.batch / 8 + batchBounds.length + 1]! += records;
  }

  /** The batch begins: nothing of it is dealt with. */
  begin(): void {
    this.i32[lane.doneBytes / 4] = 0;
  }

  /** Everything before `doneBytes` is dealt with and counted; if this worker dies now, the rest is what was lost. */
  progress(doneBytes: number): void {
    this.i32[lane.doneBytes / 4] = doneBytes;
  }
}
