/** What a generator is told to do. */

export interface Plan {
  readonly port: number;
  readonly path: string;
  /** In the clear if it is left out. */
  readonly isTls?: boolean;
  /** That are offered with TLS, the preferred one first. */
  readonly suites?: string;
  readonly streams: number;
  /** Of all streams and participants together; 0: connect, send the metadata and then nothing. */
  readonly framesPerSecond: number;
  /** Of each stream; 0: mixed audio, one flattened voice that has no name. */
  readonly participants: number;
  readonly sampleRate: number;
  /** Between two frames that are both due, at least; 0 if it is left out: as soon as they can be sent. */
  readonly gapMs?: number;
}

/** Totals since the start, and what happened since the last mark. */
export interface GeneratorReport {
  /** Since the start. */
  readonly framesSent: number;
  readonly pcmBytesSent: number;
  /** Frames that were due but not sent, because their socket had too much to send already. */
  readonly framesUnsent: number;
  /** Sum of the checksums of the PCM that was sent. */
  readonly digest: number;
  /** Sockets that are gone, although nobody here closed them. */
  readonly socketsLost: number;
  /** Of TLS, as it was agreed on; null in the clear. */
  readonly suite: string | null;
  readonly sinceMark: {
    readonly seconds: number;
    readonly framesSent: number;
    readonly framesUnsent: number;
    readonly cpuUs: number;
    /** How much later than due frames were sent. NaN when there were none. */
    readonly latenessMs: { readonly p50: number; readonly p99: number; readonly max: number };
  };
}
