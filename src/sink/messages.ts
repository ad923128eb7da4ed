/** What the main thread and a sink's thread tell each other: one union per direction. */

import type { SinkSpec } from '../config/sink-spec.ts';
import type { SharedMemoryHandle } from '../memory/shared-memory.ts';
import type { PlaybackHandle } from '../playback/handle.ts';
import type { RingAddress } from '../ring/cursor.ts';
import type { FromThread } from '../thread/supervised-thread.ts';
import type { RemovedCall } from './files/retention.ts';
import type { RecordedCall, RecordingFile, StreamFacts, Track } from './sink.ts';
import { spokenOutcomes } from './spoken-outcome.ts';

export interface SinkWorkerData {
  readonly memory: SharedMemoryHandle;
  readonly spec: SinkSpec;
  /** See `sinkCounter`. */
  readonly counters: SharedArrayBuffer;
  /** See `ThreadSigns`. */
  readonly signs: SharedArrayBuffer;
  /** See `SinkGate`. */
  readonly gate: GateKey;
  /** Another thread of this sink ran before and died. */
  readonly isRestart: boolean;
  /** By which it claims what it speaks into; -1: audio is not sent into calls. */
  readonly holder: number;
}

/** Which gate a sink that needs every frame holds, or -1, and its thread's number there. */
export interface GateKey {
  readonly index: number;
  readonly thread: number;
}

/** Doubles in the counters of a sink; written by its thread only. `ready`: 1 while it takes frames. Those of the disk are 0 for a sink
 * without one. From `spoken` on one for each of `spokenOutcomes`. */
export const sinkCounter = { errors: 0, ready: 1, diskBytes: 2, freeBytes: 3, spoken: 4 } as const;
export const sinkCountersBytes = 8 * (sinkCounter.spoken + spokenOutcomes.length);

/** A track, and what is remembered of it (`Progress`) and of its stream (doubles). */
export interface TrackStart {
  readonly track: Track;
  readonly ring: RingAddress;
  readonly progress: SharedArrayBuffer;
  readonly ofStream: SharedArrayBuffer;
}
/** Doubles that a sink has for each stream. */
export const streamCheckpointDoubles = 1;

/** A stream that a sink may speak into, and how; null: it cannot be spoken into. */
export interface StreamStart extends StreamFacts {
  readonly playback: PlaybackHandle | null;
}

/** A stream without further tracks; see `FinishedStream`. */
export interface StreamEnd {
  readonly streamId: string;
  readonly callConnectionId: string | null;
  readonly correlationId: string | null;
  readonly ofStream: SharedArrayBuffer;
}

export type ToSink =
  /** These can be spoken into from now on; some may have been before, by a thread that died, or in another way. */
  | { readonly type: 'streamsStarted'; readonly streams: readonly StreamStart[] }
  /** This one cannot any more. */
  | { readonly type: 'streamOver'; readonly streamId: string }
  /** Read these; some may have been read before, by a thread that died. */
  | { readonly type: 'started'; readonly tracks: readonly TrackStart[] }
  /** No frame follows in this ring; it had so many. */
  | { readonly type: 'ended'; readonly ring: RingAddress; readonly frames: number }
  | { readonly type: 'streamEnded'; readonly stream: StreamEnd }
  /** Another sink has recorded a call. */
  | { readonly type: 'callRecorded'; readonly call: RecordedCall }
  /** Close when every track has ended, in this time. */
  | { readonly type: 'close'; readonly withinMs: number };

/** What a file sink tells of its files. */
export type FilesMessage =
  /** A file is finished. May come again from another thread. */
  | { readonly type: 'recorded'; readonly file: RecordingFile }
  /** A call was deleted. */
  | { readonly type: 'removed'; readonly call: RemovedCall }
  /** The sink has done what it had to for a stream that ended. */
  | { readonly type: 'streamDone'; readonly streamId: string; readonly isComplete: boolean };

export type FromSink =
  | FromThread
  /** Before it is ready: it wants to be told of streams, because it speaks. */
  | { readonly type: 'speaks' }
  /** This sink does not look at the ring any more; its progress says how far it came. */
  | { readonly type: 'drained'; readonly ring: RingAddress }
  | FilesMessage
  /** Something went wrong; counted as well. See `TellThrottled`. `streamId`: of the last time, or empty. */
  | { readonly type: 'error'; readonly streamId: string; readonly message: string; readonly suppressed: number };
