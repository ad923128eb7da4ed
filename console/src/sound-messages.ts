/** What the page and the thread of the sound say to each other. Types only. */

export interface ToProcessor {
  /** When the first sample reached the gateway's socket, ms since the epoch, by its clock. */
  readonly stampMs: number;
  readonly samples: Int16Array;
  /** It follows the one before without a hole. */
  readonly isContinuous: boolean;
}

export interface FromProcessor {
  /** `false`: nothing in hand, what is heard is silence. */
  readonly isPlaying: boolean;
  readonly bufferedMs: number;
  /** What the buffer keeps in hand now. */
  readonly targetMs: number;
  /** The stamp of the sample that is being played. */
  readonly playedStampMs: number;
}
