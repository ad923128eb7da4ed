/** What the main thread and a sink's thread tell each other: one union per direction. */
import type { SharedMemoryHandle } from '../memory/shared-memory.ts';
import type { RingHandle } from '../ring/reader.ts';
import { vitalsDoubles } from '../thread/vitals.ts';
import type { Track, TrackEnd } from './sink.ts';
import type { SinkSpec } from './spec.ts';

export interface SinkWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly spec: SinkSpec;
  /** See `sinkCounter`. */
  readonly counters: SharedArrayBuffer;
}

/**
 * Doubles in the counters of a sink; written by its thread only. `unaccounted`: frames of ended rings that were neither read
 * nor lapped, 0 or the sink is wrong. `vitals`: of its thread.
 */
export const sinkCounter = { frames: 0, lapped: 1, errors: 2, unaccounted: 3, vitals: 4 } as const;
export const sinkCountersBytes = 8 * (sinkCounter.vitals + vitalsDoubles);

export type ToSink =
  | { readonly type: 'started'; readonly track: Track; readonly ring: RingHandle }
  /** No frame follows in this ring; it had so many. */
  | { readonly type: 'ended'; readonly ring: RingHandle; readonly frames: number }
  | { readonly type: 'streamEnded'; readonly streamId: string }
  /** Close when every track has ended. */
  | { readonly type: 'close' };

export type FromSink =
  | { readonly type: 'ready' }
  /** The sink cannot start. */
  | { readonly type: 'failed'; readonly message: string }
  /** This sink does not look at a ring of the stream any more. */
  | ({ readonly type: 'drained'; readonly streamId: string } & TrackEnd)
  /** Something went wrong with one track; counted as well. */
  | { readonly type: 'error'; readonly streamId: string; readonly message: string }
  | { readonly type: 'closed' };
