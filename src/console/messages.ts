/** What the main thread and the console's thread tell each other: one union per direction. */
import type { SharedMemoryHandle } from '../memory/shared-memory.ts';
import type { RingAddress } from '../ring/cursor.ts';
import type { Labels } from '../ring/track.ts';
import type { FromThread } from '../thread/supervised-thread.ts';
import type { SinkRow, SoundHead, Want } from './wire.ts';

export interface ConsoleWorkerData {
  readonly memory: SharedMemoryHandle;
  /** See `StreamStates`. */
  readonly states: SharedArrayBuffer;
  /** The main thread's own `ThreadMetrics`. */
  readonly mainMetrics: SharedArrayBuffer;
  /** See `ThreadSigns`. */
  readonly signs: SharedArrayBuffer;
}

/** A stream as the thread has to know it. What changes often is in `StreamStates`. */
export interface OpenedStream {
  readonly id: string;
  /** Of its slot, in which there was another stream before. */
  readonly index: number;
  readonly serial: number;
  /** The lane whose worker decodes it. */
  readonly lane: number;
  readonly callId: string | null;
  readonly correlationId: string | null;
  readonly labels: Labels;
  readonly connectedAt: string;
  readonly connectedMs: number;
}

/** A ring of a stream. Only the main thread knows for sure whose a ring is: its generation comes along. */
export interface TrackAddress {
  readonly ring: RingAddress;
  /** The participant's; null: mixed. */
  readonly id: string | null;
  readonly sampleRate: number;
}

/** All rings of a stream. */
export interface StreamTracks {
  readonly id: string;
  readonly tracks: readonly TrackAddress[];
  /** The one with what is sent into the call. */
  readonly spoken: TrackAddress | null;
}

/** What only the main thread can count. */
export interface MainTotals {
  readonly dropped: Readonly<Record<string, number>>;
  readonly speakingStreams: number;
  readonly listeners: number;
  readonly sinks: readonly SinkRow[];
}

export type ToConsole =
  | { readonly type: 'opened'; readonly streams: readonly OpenedStream[] }
  | { readonly type: 'gone'; readonly ids: readonly string[] }
  /** Their rings have changed. */
  | { readonly type: 'tracks'; readonly streams: readonly StreamTracks[] }
  | { readonly type: 'totals'; readonly totals: MainTotals }
  /** The account of a call that is looked at. */
  | {
      readonly type: 'report';
      readonly id: string;
      readonly report: Readonly<Record<string, unknown>>;
      readonly recordings: readonly string[];
    }
  | { readonly type: 'want'; readonly viewer: number; readonly want: Want }
  /** The page has read what it was sent: it takes one more update. */
  | { readonly type: 'take'; readonly viewer: number }
  | { readonly type: 'left'; readonly viewer: number }
  /** `participant`: null for all of them. */
  | { readonly type: 'listen'; readonly listener: number; readonly id: string; readonly participant: number | null }
  | { readonly type: 'unlisten'; readonly listener: number };

export type FromConsole =
  | FromThread
  /** A text in UTF-8, for one page. */
  | { readonly type: 'update'; readonly viewer: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'head'; readonly listener: number; readonly head: SoundHead }
  | { readonly type: 'sound'; readonly listener: number; readonly bytes: Uint8Array<ArrayBuffer> }
  /** No sound follows. */
  | { readonly type: 'over'; readonly listener: number };
