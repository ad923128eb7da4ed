/**
 * Where the metrics get their numbers: everything that the stages count, as the composition root hands it over. Main thread.
 */
import type { DecoderPool } from '../decoder/pool.ts';
import type { Lane } from '../lane/lane.ts';
import type { Histogram } from '../memory/histogram.ts';
import type { SharedMemory } from '../memory/shared-memory.ts';
import type { Pacer } from '../playback/pacer.ts';
import type { RingPool } from '../ring/pool.ts';
import type { StreamRegistry } from '../stream/registry.ts';
import type { StallWatch } from '../stream/stall-watch.ts';
import type { Totals } from '../stream/totals.ts';

/** What holds a thread up. */
export interface NamedThreadMetrics {
  /** `main`, `decoder:0` (the worker that has lane 0), `capture`, `sink:` and the sink's name. */
  readonly name: string;
  readonly delay: Histogram;
  readonly gcPause: Histogram;
}

/** A thread that is replaced when it dies or hangs. */
export interface SupervisedThreadCounters {
  /** `sink:` and the sink's name, or `capture`. */
  readonly name: string;
  readonly restarts: number;
  readonly hangs: number;
  readonly abandonedCount: number;
}

/** Whoever reads the rings: a sink, or the readers of one name. */
export interface RingConsumer {
  readonly name: string;
  readonly frames: number;
  readonly lappedFrames: number;
  readonly lostFrames: number;
  readonly errors: number;
  readonly restarts: number;
  readonly isReady: boolean;
  readonly framesUnaccounted: number;
  readonly gatedMs: number;
  /** Messages by which agents on other machines speak, by what became of them; null or absent: it takes none. */
  readonly spokenMessages?: Readonly<Record<string, number>> | null;
}

/** What a capture counts. */
export interface CaptureCounters {
  readonly messages: number;
  readonly dropped: number;
  readonly bytes: number;
  readonly errors: number;
  readonly restarts: number;
  readonly backlogBytes: number;
}

/** What file sinks finish. */
export interface RecordingCounters {
  /** Names of the file sinks. */
  readonly sinks: readonly string[];
  readonly countsOf: (sink: string) => Readonly<Record<'participant' | 'call' | 'failed' | 'keep' | 'max_gb', number>>;
  readonly diskOf: (sink: string) => { readonly diskBytes: number; readonly freeBytes: number };
  readonly callsPending: (sink: string) => number;
  readonly commandOutcomes: () => Readonly<Record<string, number>>;
}

/** What the live page counts. */
export interface ConsoleCounters {
  readonly viewerCount: number;
  readonly listenerCount: number;
  readonly listenings: number;
  readonly access: { readonly logins: Readonly<Record<'accepted' | 'refused', number>> };
}

/** The port at which streams come. */
export interface IngestState {
  /** No connection is accepted, because descriptors are short. */
  readonly isPaused: boolean;
  /** When its certificate ends, ms since 1970; null: it has none. */
  readonly certificateExpiresMs: number | null;
}

export interface Sources {
  readonly recordings: RecordingCounters;
  /** Null or absent: nothing is captured. */
  readonly capture?: CaptureCounters | null;
  /** Null or absent: there is none. */
  readonly console?: () => ConsoleCounters | null;
  readonly memory: SharedMemory;
  readonly totals: Totals;
  readonly registry: StreamRegistry;
  readonly stalls: StallWatch;
  readonly lanes: readonly Lane[];
  readonly decoders: DecoderPool;
  readonly playback: Pacer;
  readonly rings: RingPool;
  readonly sinks: readonly RingConsumer[];
  readonly streamsMax: number;
  /** Absent: there is none. */
  readonly ingest?: () => IngestState;
  /** Longest message that is taken. */
  readonly messageBytesMax: number;
  readonly threads: () => readonly NamedThreadMetrics[];
  readonly supervised: () => readonly SupervisedThreadCounters[];
  /** What runs here: version, Node.js, decoder. */
  readonly build: Readonly<Record<string, string>>;
  readonly isDraining: () => boolean;
  /** Absent: this process has no others. */
  readonly processRestarts?: () => Readonly<Record<'died' | 'hung' | 'replaced', number>>;
}
