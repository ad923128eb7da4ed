/** A record of a lane: its offsets, in bytes from its beginning, and its kinds. Part of `layout.ts`. */
import { alignUp, Offsets } from './offsets.ts';

const recordOffsets = new Offsets();
export const record = {
  kind: recordOffsets.i32(),
  payloadBytes: recordOffsets.i32(),
  stream: recordOffsets.i32(),
  /** Of a message: its sequence number in the lane, modulo 2^32. The counters are held against it. */
  ordinal: recordOffsets.i32(),
  arrivalMs: recordOffsets.f64(),
  payload: recordOffsets.bytes(0),
} as const;

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

export function recordBytes(payloadBytes: number): number {
  return alignUp(record.payload + payloadBytes, 8);
}
