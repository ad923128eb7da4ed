/** What words of shared memory say: the states of rings and streams, the kinds of records, the flags of frames. */

export const ringState = { free: 0, live: 1, ended: 2 } as const;

/** `closed`: its last message is dealt with. `released`: its rings are back in the pool, the slot may be used again. */
export const streamEnd = { open: 0, closed: 1, released: 2 } as const;

export const recordKind = {
  /** A text message of a stream. */
  message: 1,
  /** The stream's last record: its socket is closed. Its rings end here. */
  close: 2,
  /** Every reader is done: the stream's rings go back to the pool, zeroed. */
  release: 3,
  /** No record but a mark: the next one stands at the beginning of the other half. */
  turn: 4,
} as const;
export type RecordKind = (typeof recordKind)[keyof typeof recordKind];

/** Bits of `Frame.flags` and `FrameBatch.flags`. */
export const frameFlag = {
  /** ACS flagged it as silence. */
  silent: 1,
  /** Shorter than 20 ms. */
  partial: 2,
  /** A frame with this timestamp and this audio came before. */
  duplicate: 4,
  /** It arrived after a frame with a later timestamp. */
  late: 8,
  /** A pause that is no loss was before it: the participant was not dominant or on hold, or ACS's clock was set. */
  resumed: 16,
} as const;
