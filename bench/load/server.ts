/** What a load is sent to: the gateway, or one of the rivals that it is compared with. Each is a process of its own. */
import type { GcLog } from './gc-log.ts';
import type { Buckets } from './histogram.ts';
import type { Usage } from './process-stats.ts';

/** Counted since the start of the server. */
export interface ServerCounts {
  readonly frames: number;
  /** Null: it decodes nothing. */
  readonly pcmBytes: number | null;
  /** Frames that it received and gave up. */
  readonly dropped: number;
  /** In ms: from the callback that received a message to its decoded PCM. Empty when it decodes nothing. */
  readonly residence: Buckets;
  /** Sum of the checksums of all PCM; null when the server was not started to be verified, or decodes nothing. */
  readonly digest: number | null;
  /** What only the gateway knows. */
  readonly account: GatewayAccount | null;
}

export interface GatewayAccount {
  /** What was dropped, by reason; reasons without any are left out. */
  readonly droppedBy: Readonly<Record<string, number>>;
  readonly messagesReceived: number;
  /** Sum of all outcomes. Equal to what was received when nothing is in flight. */
  readonly messagesAccounted: number;
  readonly framesMissing: number;
  readonly framesDuplicate: number;
  readonly framesOutOfOrder: number;
}

export interface Server {
  readonly pid: number;
  readonly port: number;
  readonly path: string;
  /** In the clear if it is left out. */
  readonly isTls?: boolean;
  /** What stands in front of it, in processes of its own: `port` is there then. */
  readonly proxy?: { stats(): Usage };
  readonly gc: GcLog;
  counts(): Promise<ServerCounts>;
  /** Ends it in an orderly way. Afterwards there is nothing left to ask. */
  end(): Promise<void>;
  /** Ends it at once, when something has gone wrong. */
  kill(): void;
  /** The digest of what it wrote, when it tells it only once it has ended; null when `counts` tells it. */
  digestWritten(): number | null;
}

export interface ServerOptions {
  readonly streams: number;
  /** Of each stream, at least 1. */
  readonly participants: number;
  readonly sampleRate: number;
  /** The content is compared as well. Costs CPU. */
  readonly isVerified: boolean;
}

export interface ServerKind {
  /** For `--rows`. */
  readonly key: string;
  /** In tables, and what a comparison of results matches. */
  readonly label: string;
  readonly isGateway: boolean;
  readonly isDecoding: boolean;
  start(options: ServerOptions): Promise<Server>;
}
