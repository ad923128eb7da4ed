/** WebSocket frames built by hand, right or wrong in any field (RFC 6455 section 5.2), and those of a server taken apart. */

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameFields {
  readonly opcode?: number;
  readonly fin?: boolean;
  /** RSV1 is 4, RSV3 is 1. */
  readonly rsv?: number;
  readonly payload?: Uint8Array | string;
  /** Whether the mask bit is set and a mask there; a client must. */
  readonly masked?: boolean;
  readonly mask?: number;
  /** What the header says instead of the payload's length. */
  readonly announced?: bigint;
  /** Bits in which the length is written; as few as will do if left out. */
  readonly lengthBits?: 7 | 16 | 64;
}

function lengthBytes(length: bigint, bits: 7 | 16 | 64, maskBit: number): Buffer {
  if (bits === 7) return Buffer.from([maskBit | Number(length & 0x7fn)]);
  const bytes = Buffer.alloc(bits === 16 ? 3 : 9);
  bytes[0] = maskBit | (bits === 16 ? 126 : 127);
  if (bits === 16) bytes.writeUInt16BE(Number(length & 0xffffn), 1);
  else bytes.writeBigUInt64BE(length, 1);
  return bytes;
}

/** A frame as a client sends it, unless the fields say otherwise. */
export function frame(fields: FrameFields = {}): Buffer {
  const { fin = true, rsv = 0, masked = true, mask = 0x1badcafe } = fields;
  const payload = Buffer.from(fields.payload ?? '');
  const length = fields.announced ?? BigInt(payload.length);
  const bits = fields.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const first = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | (fields.opcode ?? opcode.text)]);
  if (!masked) return Buffer.concat([first, lengthBytes(length, bits, 0), payload]);
  const key = Buffer.alloc(4);
  key.writeUInt32BE(mask >>> 0);
  for (let i = 0; i < payload.length; i++) payload[i]! ^= key[i & 3]!;
  return Buffer.concat([first, lengthBytes(length, bits, 0x80), key, payload]);
}

/** One message in as many fragments as there are parts. */
export function fragments(parts: readonly (Uint8Array | string)[], kind: number = opcode.text): Buffer[] {
  return parts.map((payload, i) =>
    frame({ opcode: i === 0 ? kind : opcode.continuation, fin: i === parts.length - 1, payload }),
  );
}

export function closeFrame(code: number, reason = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame({ opcode: opcode.close, payload: Buffer.concat([head, Buffer.from(reason)]) });
}

export interface SeenServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The whole frames in what a server sent, and how many bytes they take. A server never masks. */
export function serverFrames(bytes: Buffer): { readonly frames: SeenServerFrame[]; readonly used: number } {
  const frames: SeenServerFrame[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const short = bytes[at + 1]! & 0x7f;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (at + head > bytes.length) break;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    if (at + head + length > bytes.length) break;
    frames.push({ opcode: bytes[at]! & 15, payload: bytes.subarray(at + head, at + head + length) });
    at += head + length;
  }
  return { frames, used: at };
}
