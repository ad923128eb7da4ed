/** What a call is led with: the gateway, or one of the rivals. Pure. */
import type { Buckets } from '../load/histogram.ts';
import type { Server, ServerKind, ServerOptions } from '../load/server.ts';

/** Counted since the start, by a server that has a voice of its own. */
export interface Speech {
  readonly framesSent: number;
  readonly underruns: number;
  /** In ms. */
  readonly lateness: Buckets;
  readonly lead: Buckets;
  readonly clear: Buckets;
  /** CPU time of the thread that makes the audio; part of that of the process. */
  readonly voiceUs: number;
  /** Sum of the checksums of the PCM that it wrote; 0 unless it is compared. */
  readonly digest: number;
}

export interface DuplexServer extends Server {
  /** Null: it says what it hears. */
  speech(): Promise<Speech> | null;
  /** Begins to say nothing more, and has said everything that it had begun. */
  hush(): Promise<void>;
}

/** `hears`: sends nothing. `may speak`: it could. `speaks`: as many frames as it hears. */
export type Mode = 'hears' | 'may speak' | 'speaks';

export interface DuplexKind extends Pick<ServerKind, 'key' | 'label'> {
  readonly mode: Mode;
  /** Of those that differ in `mode` alone. */
  readonly family: string;
  start(options: ServerOptions): Promise<DuplexServer>;
}
