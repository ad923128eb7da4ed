/**
 * A record on its way between two threads: a message, or the end or the release of a stream. Holds no state of its own; it is
 * moved from record to record. Main thread and the one that reads.
 */
import { record } from './layout.ts';
import { inWords } from './offsets.ts';
import { recordBytes } from './sizes.ts';
import type { Views } from './views.ts';

const {
  kind: kindAt,
  stream: streamAt,
  ordinal: ordinalAt,
  arrivalMs: arrivalMsAt,
  payloadBytes: payloadBytesAt,
} = inWords(record);

export class LaneRecord {
  private readonly i32: Int32Array;
  private readonly f64: Float64Array;
  private readonly bytes: Buffer;
  private readonly start: number;
  private at: number;
  private word: number;

  /** @param start where the records begin, in bytes; places are counted from there */
  constructor({ i32, f64, bytes }: Views, start: number) {
    this.i32 = i32;
    this.f64 = f64;
    this.bytes = bytes;
    this.start = start;
    this.at = start;
    this.word = start >> 2;
  }

  moveTo(place: number): void {
    const at = this.start + place;
    this.at = at;
    this.word = at >> 2;
  }

  /** One of `recordKind`. */
  get kind(): number {
    return this.i32[this.word + kindAt]!;
  }
  set kind(kind: number) {
    this.i32[this.word + kindAt] = kind;
  }
  get stream(): number {
    return this.i32[this.word + streamAt]!;
  }
  /** Of a message: its sequence number in the lane, modulo 2^32. */
  get ordinal(): number {
    return this.i32[this.word + ordinalAt]!;
  }
  get arrivalMs(): number {
    return this.f64[(this.word + arrivalMsAt) >> 1]!;
  }
  get payloadBytes(): number {
    return this.i32[this.word + payloadBytesAt]!;
  }
  /** Where the message stands in the buffer, in bytes. */
  get payloadAt(): number {
    return this.at + record.payload;
  }
  /** All that the record takes. */
  get size(): number {
    return recordBytes(this.i32[this.word + payloadBytesAt]!);
  }

  write(kind: number, stream: number, ordinal: number, arrivalMs: number, payload: Uint8Array): void {
    const { i32, word } = this;
    i32[word + kindAt] = kind;
    i32[word + payloadBytesAt] = payload.length;
    i32[word + streamAt] = stream;
    i32[word + ordinalAt] = ordinal;
    this.f64[(word + arrivalMsAt) >> 1] = arrivalMs;
    if (payload.length > 0) this.bytes.set(payload, this.at + record.payload);
  }
}
