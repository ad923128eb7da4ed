/**
 * WebSocket frames by hand (RFC 6455 section 5): builds unusual client frames, parses and judges a server's. Pure;
 * any thread. A library would repair or hide what must be visible here. Invariant: a reader holds at most one message of
 * `messageBytesMax`, whatever it receives, and ignores everything after the first fault.
 */
import { isUtf8 } from 'node:buffer';
import { clientFrame, finalBit, frameHead, mask, opcode } from '../simulator/frame.ts';

/** A server of ACS has no reason to send more than a second of audio at once: 24 kHz in base64 is 64 KB. */
export const messageBytesMax = 2 ** 20;

/** One text message, a frame for each part. */
export function fragments(parts: readonly string[]): Buffer[] {
  return parts.map((part, i) => clientFrame(i === 0 ? opcode.text : opcode.continuation, part, i === parts.length - 1));
}

/** The head of a message of `length` bytes, without the message. */
export function announcement(length: number): Buffer {
  return Buffer.concat([frameHead(finalBit | opcode.text, length), mask]);
}

/** A close frame; null: without a code. */
export function closeFrame(code: number | null): Buffer {
  const payload = Buffer.alloc(code === null ? 0 : 2);
  if (code !== null) payload.writeUInt16BE(code);
  return clientFrame(opcode.close, payload);
}

export interface ServerEvents {
  message(text: string | null, byteCount: number): void;
  ping(payload: Buffer): void;
  pong(payload: Buffer): void;
  /** 1005: without a code. */
  close(code: number): void;
  /** A violation of RFC 6455 by the server. */
  fault(what: string): void;
}

function isCloseCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999)
  );
}

/** Takes the server's bytes as they arrive. */
export class FrameReader {
  private readonly events: ServerEvents;
  private pending: Buffer = Buffer.alloc(0);
  private parts: Buffer[] = [];
  private partsBytes = 0;
  /** Of the message whose fragments are coming; 0 between messages. */
  private kind = 0;
  private isBroken = false;

  constructor(events: ServerEvents) {
    this.events = events;
  }

  take(chunk: Buffer): void {
    if (this.isBroken) return;
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    while (!this.isBroken && this.next()) {
      // One frame after the other.
    }
  }

  private break(what: string): false {
    this.isBroken = true;
    this.pending = Buffer.alloc(0);
    this.parts = [];
    this.events.fault(what);
    return false;
  }

  /** Takes one complete frame; false if there is none. */
  private next(): boolean {
    const bytes = this.pending;
    if (bytes.length < 2) return false;
    const [first = 0, second = 0] = bytes;
    const kind = first & 15;
    if ((first & 0x70) !== 0)
      return this.break('a frame with a reserved bit set, which only an agreed extension may do');
    if ((second & 0x80) !== 0) return this.break('a masked frame, which only a client may send');
    if ((kind > 2 && kind < 8) || kind > 10) return this.break(`a frame of the reserved kind ${kind}`);
    const short = second & 0x7f;
    if (kind >= 8 && (short > 125 || (first & 0x80) === 0)) return this.break('a control frame in pieces or too long');
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headBytes) return false;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (length + this.partsBytes > messageBytesMax)
      return this.break(`a message of more than ${messageBytesMax} bytes`);
    if (bytes.length < headBytes + length) return false;
    const payload = bytes.subarray(headBytes, headBytes + length);
    this.pending = bytes.subarray(headBytes + length);
    return kind >= 8 ? this.control(kind, payload) : this.data(kind, payload, (first & 0x80) !== 0);
  }

  private control(kind: number, payload: Buffer): boolean {
    if (kind === opcode.ping) this.events.ping(payload);
    else if (kind === opcode.pong) this.events.pong(payload);
    else {
      const code = payload.length >= 2 ? payload.readUInt16BE() : 1005;
      if (payload.length === 1 || (payload.length > 0 && !isCloseCode(code))) {
        return this.break(
          `a close frame with ${payload.length === 1 ? 'half a code' : `the code ${code}, which may not be sent`}`,
        );
      }
      this.events.close(code);
    }
    return true;
  }

  private data(kind: number, payload: Buffer, isFinal: boolean): boolean {
    if ((kind === opcode.continuation) === (this.kind === 0))
      return this.break('fragments that do not belong together');
    if (kind !== opcode.continuation) this.kind = kind;
    this.parts.push(payload);
    this.partsBytes += payload.length;
    if (!isFinal) return true;
    const whole = this.parts.length === 1 ? payload : Buffer.concat(this.parts);
    const isText = this.kind === opcode.text;
    this.parts = [];
    this.partsBytes = 0;
    this.kind = 0;
    if (isText && !isUtf8(whole)) return this.break('a text message that is not UTF-8');
    this.events.message(isText ? whole.toString() : null, whole.length);
    return true;
  }
}
