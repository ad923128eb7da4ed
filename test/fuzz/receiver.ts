/**
 * What a WebSocket server must make of the bytes of one connection after the upgrade: the messages that it receives, and how
 * the connection ends. Written after RFC 6455 sections 5 to 7, and after two things in which uWebSockets.js is more lenient;
 * both are marked. Pure.
 */
import { isUtf8 } from 'node:buffer';
import { opcode } from './frame.ts';

export interface Outcome {
  /** Messages that are received, and their bytes. */
  readonly messages: number;
  readonly bytes: number;
  /** The cause in `stream_closes_total`, when the peer hangs up after its last byte. */
  readonly cause: 'peer' | 'error' | 'too_big';
  /** Whether the server ends the connection by itself. */
  readonly isEnded: boolean;
  /** False when the peer broke a rule that the server does not enforce, and all that is said of what follows is how it ends. */
  readonly isExact: boolean;
}

export interface ReceiverLimits {
  /** A longer message is refused with 1009. */
  readonly messageBytesMax: number;
  /** A frame that announces more, or fragments that have added up to more, end the connection. */
  readonly hardBytesMax: number;
}

export const defaultLimits: ReceiverLimits = { messageBytesMax: 131_072, hardBytesMax: 262_144 };

interface Head {
  readonly fin: boolean;
  readonly rsv: number;
  readonly opcode: number;
  readonly length: bigint;
  readonly payloadAt: number;
}

/** Null when it is not whole yet. */
function headAt(bytes: Buffer, at: number): Head | null {
  // A client's head has a mask. Lenient: the mask bit is not looked at, the four bytes are taken for one anyway.
  if (at + 6 > bytes.length) return null;
  const short = bytes[at + 1]! & 0x7f;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  if (at + 6 + lengthBytes > bytes.length) return null;
  const length =
    short < 126 ? BigInt(short) : short === 126 ? BigInt(bytes.readUInt16BE(at + 2)) : bytes.readBigUInt64BE(at + 2);
  const first = bytes[at]!;
  return {
    fin: (first & 0x80) !== 0,
    rsv: (first >> 4) & 7,
    opcode: first & 15,
    length,
    payloadAt: at + 6 + lengthBytes,
  };
}

/** Reserved bits, reserved opcodes, control frames that are fragmented or too long. Seen before the length is complete. */
function isForbidden(first: number, short: number): boolean {
  const code = first & 15;
  const isControl = code > 2;
  return (first & 0x70) !== 0 || (code > 2 && code < 8) || code > 10 || (isControl && (first < 128 || short > 125));
}

function unmasked(bytes: Buffer, head: Head): Buffer {
  const payload = Buffer.from(bytes.subarray(head.payloadAt, head.payloadAt + Number(head.length)));
  for (let i = 0; i < payload.length; i++) payload[i]! ^= bytes[head.payloadAt - 4 + (i & 3)]!;
  return payload;
}

export function isCloseValid(payload: Buffer): boolean {
  if (payload.length < 2) return true;
  const code = payload.readUInt16BE();
  const isKnown = code >= 1000 && code <= 4999 && (code <= 1011 || code >= 4000) && !(code >= 1004 && code <= 1006);
  return isKnown && isUtf8(payload.subarray(2));
}

export function receive(bytes: Buffer, limits: ReceiverLimits = defaultLimits): Outcome {
  let [messages, total, at, open, kind] = [0, 0, 0, -1, 0];
  let parts: Buffer[] = [];
  let wasFin = true;
  let isExact = true;
  const ended = (cause: Outcome['cause'], isEnded = true): Outcome => {
    return { messages, bytes: total, cause, isEnded, isExact };
  };
  for (;;) {
    if (at + 6 <= bytes.length && isForbidden(bytes[at]!, bytes[at + 1]! & 0x7f)) return ended('error');
    const head = headAt(bytes, at);
    if (head === null) return ended('peer', false);
    const isControl = head.opcode > 2;
    if (!isControl) {
      const isFirst = head.opcode !== opcode.continuation;
      if (isFirst && open >= 0) {
        // Lenient: a new message inside a fragmented one is noticed only directly behind its fragment, and only if it is text.
        if (!wasFin && head.opcode === opcode.text) return ended('error');
        isExact = false;
        return ended('error', false);
      }
      if (!isFirst && open < 0) return ended('error');
      if (isFirst) [open, kind, parts] = [0, head.opcode, []];
    }
    wasFin = head.fin;
    if (head.length > BigInt(limits.hardBytesMax)) return ended('too_big');
    // Fragments that add up to more are noticed when they are there, not when they are announced.
    const there = Math.min(Number(head.length), bytes.length - head.payloadAt);
    if (!isControl && open + there > limits.hardBytesMax) return ended('too_big');
    if (head.payloadAt + Number(head.length) > bytes.length) return ended('peer', false);
    const payload = unmasked(bytes, head);
    at = head.payloadAt + payload.length;
    if (head.opcode === opcode.close) return ended(isCloseValid(payload) ? 'peer' : 'error');
    if (isControl) continue;
    open += payload.length;
    parts.push(payload);
    if (!head.fin) continue;
    const message = Buffer.concat(parts);
    open = -1;
    if (kind === opcode.text && !isUtf8(message)) return ended('error');
    if (message.length > limits.messageBytesMax) return ended('too_big');
    messages++;
    total += message.length;
  }
}
