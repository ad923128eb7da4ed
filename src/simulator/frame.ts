/**
 * WebSocket frames of a client (RFC 6455 section 5.2), whole and by hand: a library would correct what is to be sent wrong, and build
 * a header and two writes for each message, a quarter of the cost of sending it. Pure; any thread.
 *
 * The RFC wants an unpredictable mask, to protect proxies on the way from scripts in a browser that choose what is sent. Here
 * only the operator chooses the payload.
 */
import { assertInvariant } from '../base/errors.ts';

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export const finalBit = 0x80;
/** Without a zero: every byte of the payload is changed. */
export const mask = Buffer.from([0x1b, 0xad, 0xca, 0xfe]);
/** It changes no byte, so none has to be touched, and a payload can be changed in its frame. */
const noMask = Buffer.alloc(4);

/** What stands before the mask. */
export function frameHead(first: number, length: number): Buffer {
  if (length < 126) return Buffer.from([first, 0x80 | length]);
  const bytes = Buffer.alloc(length < 0x1_0000 ? 4 : 10);
  bytes[0] = first;
  if (length < 0x1_0000) {
    bytes[1] = 0x80 | 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 0x80 | 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  return bytes;
}

export function clientFrame(kind: number, payload: Uint8Array | string, isFinal = true): Buffer {
  const body = Buffer.from(payload);
  for (let i = 0; i < body.length; i++) body[i]! ^= mask[i & 3]!;
  return Buffer.concat([frameHead((isFinal ? finalBit : 0) | kind, body.length), mask, body]);
}

/** What stands before the payload in a prepared frame. */
export const frameHeaderBytes = 8;

/** Prepared once and sent many times: a final text frame of 126 to 65,535 bytes, whose payload stands in it as it is. */
export function textFrame(payload: Uint8Array): Buffer {
  const { length } = payload;
  assertInvariant(length >= 126 && length <= 0xffff, 'a prepared frame has a 16-bit length');
  return Buffer.concat([frameHead(finalBit | opcode.text, length), noMask, payload]);
}
