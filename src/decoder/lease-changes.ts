/** What a worker has to say to the main thread while it works a lane, and at the end. Crosses threads. */

export interface LeaseChanges {
  /** Streams with something new for the main thread: metadata, a participant, the end. */
  readonly streams: readonly number[];
  /** What went wrong inside, one line each; the records concerned are counted as `worker_lost`. */
  readonly faults: readonly string[];
  /** DTMF tones, if any came. */
  readonly tones?: readonly StreamDtmfTone[];
  /** What ACS said of marks, if it did. */
  readonly marks?: readonly StreamMark[];
}

export interface StreamMark {
  readonly streamIndex: number;
  readonly id: string;
  readonly status: string;
}

/** Personal data, often a secret: for listeners, never for a log. */
export interface StreamDtmfTone {
  readonly streamIndex: number;
  readonly tone: string;
}
