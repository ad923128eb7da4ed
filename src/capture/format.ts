/**
 * The format of a capture: what stands where, and what a reader takes at most. docs/capture.md describes it for others; a
 * change here raises `formatVersion`. Pure; any thread.
 *
 *   file    | head | block | block | …
 *   head    | magic 8 | version u32 | flags u32 | started f64 | crc u32 |
 *   block   | sync u32 | codec u32 | index u32 | raw bytes u32 | stored bytes u32 | head crc u32 | crc u32 | records |
 *   records | time base varint | record | record | …
 *   record  | kind u8 | microseconds since the last one varint | socket varint | body bytes varint | body |
 *
 * All numbers little-endian; varints as in Protocol Buffers. A block says nothing about another one, so whatever is cut off
 * or destroyed costs the blocks that it hits and no more.
 */
import { assertInvariant, GatewayError } from '../base/errors.ts';
import { hardMessageBytesFactor } from '../base/limits.ts';

/** A byte that is no text, and a line end that a transfer as text would change. */
export const magic = Buffer.from('\x89ACSCAP\n', 'latin1');
export const formatVersion = 1;

export const head = { version: 8, flags: 12, startedAtMs: 16, crc: 24, end: 28 } as const;
export const headFlag = { redacted: 1 } as const;

export const block = {
  sync: 0,
  codec: 4,
  index: 8,
  rawBytes: 12,
  storedBytes: 16,
  headCrc: 20,
  crc: 24,
  end: 28,
} as const;
export const syncWord = 0xb10c_c5ac;
export const codec = { none: 0, zstd: 1 } as const;

/** A block is closed when it has so much. Costs a reader's memory, and what damage takes with it. */
export const blockBytesTarget = 256 * 1024;
/** Longest message that `--max-message-bytes` allows, and what uWebSockets.js lets through beyond it. */
const messageBytesMax = 1_048_576 * hardMessageBytesFactor;
/** What a reader takes for a block at most, whatever its head says. */
export const blockBytesMax = 4 * 1024 * 1024;

export const recordKind = {
  /** A socket was accepted: JSON, see `Opening`. */
  open: 1,
  /** A message, byte for byte. */
  text: 2,
  binary: 3,
  /** The socket is closed: JSON, see `Ending`. */
  end: 4,
  /** The socket resumes the stream of an earlier one: JSON with `stream`. */
  resumed: 5,
  /** Messages of the socket are missing here: JSON with `messages` and `bytes`. Socket 0: of sockets that are not here. */
  lost: 6,
} as const;
/** In the kind of a message: redaction did not understand it, and has replaced all of it. */
export const replacedFlag = 0x80;

/** How a socket began. Never a token, a query, or what stands in the path behind the setting. */
export interface Opening {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The gateway's own name for its stream, as in its log. */
  readonly stream: string;
  readonly path: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How it ended: `cause` as in `stream_closes_total`; with `peer` it was not the gateway that closed. */
export interface Ending {
  readonly code: number;
  readonly cause: string;
}

export function badCapture(message: string): GatewayError {
  return new GatewayError('bad_capture', message);
}

/** Bytes that a number takes as varint. */
export const varintBytesMax = 8;

/** Writes a whole number from 0 to 2^53 - 1; returns where it ends. */
export function writeVarint(target: Uint8Array, at: number, value: number): number {
  let rest = value;
  let end = at;
  // Bit operations end at 32 bits.
  while (rest > 0x7f) {
    target[end++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[end++] = rest;
  return end;
}

/** A place in some bytes, and the last varint that was read. */
export class VarintCursor {
  at = 0;
  value = 0;

  /** False when there is none: cut off, or beyond 2^53. */
  read(bytes: Uint8Array): boolean {
    let value = 0;
    let scale = 1;
    for (let n = 0; n < varintBytesMax && this.at < bytes.length; n++) {
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        this.value = value;
        return value <= Number.MAX_SAFE_INTEGER;
      }
      scale *= 128;
    }
    return false;
  }
}

/** A record's body as JSON object; null when it is none. */
export function bodyObject(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as never) : null;
  } catch {
    return null;
  }
}

export function openingOf(body: Uint8Array): Opening {
  const { at, stream, path, address, headers } = bodyObject(body) ?? {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const pairs = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  return {
    at: typeof at === 'number' ? at : 0,
    stream: text(stream),
    path: text(path),
    address: text(address),
    headers: Object.fromEntries(pairs.filter(([, value]) => typeof value === 'string')),
  };
}

export function endingOf(body: Uint8Array): Ending {
  const { code, cause } = bodyObject(body) ?? {};
  return { code: typeof code === 'number' ? code : 1006, cause: typeof cause === 'string' ? cause : 'peer' };
}

/** What a record needs at most beside its body. */
export const recordHeadBytesMax = 1 + 3 * varintBytesMax;

assertInvariant(
  blockBytesTarget + messageBytesMax + 2 * recordHeadBytesMax < blockBytesMax,
  'a block that is not full yet takes the longest message',
);
