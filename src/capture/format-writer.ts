/** Writes the format of a capture: a head, and blocks that are filled record by record. Pure: bytes out; any one thread. */
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { assertInvariant } from '../base/errors.ts';
import type { CaptureSpec } from '../config/capture-spec.ts';
import {
  block,
  blockBytesMax,
  blockBytesTarget,
  codec,
  formatVersion,
  head,
  headFlag,
  magic,
  recordHeadBytesMax,
  syncWord,
  writeVarint,
} from './format.ts';

/** `startedAtMs`: the moment from which all times in the file count, in milliseconds since 1970. */
export function captureHead(startedAtMs: number, isRedacted: boolean): Buffer {
  const bytes = Buffer.alloc(head.end);
  magic.copy(bytes);
  bytes.writeUInt32LE(formatVersion, head.version);
  bytes.writeUInt32LE(isRedacted ? headFlag.redacted : 0, head.flags);
  bytes.writeDoubleLE(startedAtMs, head.startedAtMs);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, head.crc)), head.crc);
  return bytes;
}

/** The fastest level: the others gain next to nothing on base64. */
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

export class BlockWriter {
  private readonly compress: CaptureSpec['compress'];
  /** Room for the block's head, then the records. */
  private readonly bytes = Buffer.alloc(block.end + blockBytesMax);
  private end: number = block.end;
  private lastUs = 0;
  /** Records in the block that is being filled. */
  records = 0;

  constructor(compress: CaptureSpec['compress']) {
    this.compress = compress;
  }

  get isFull(): boolean {
    return this.end - block.end >= blockBytesTarget;
  }

  /** Not when the block is full. `atUs`: microseconds since the start; one that goes back counts as now. */
  add(kind: number, socket: number, atUs: number, body: Uint8Array): void {
    const { bytes } = this;
    assertInvariant(this.end + body.length + 2 * recordHeadBytesMax <= bytes.length, 'a record fits into a block');
    const us = Math.max(this.lastUs, Math.round(atUs));
    if (this.records === 0) {
      this.end = writeVarint(bytes, block.end, us);
      this.lastUs = us;
    }
    bytes[this.end] = kind;
    let end = writeVarint(bytes, this.end + 1, us - this.lastUs);
    end = writeVarint(bytes, end, socket);
    end = writeVarint(bytes, end, body.length);
    bytes.set(body, end);
    this.end = end + body.length;
    this.lastUs = us;
    this.records++;
  }

  /** The whole block; valid until the next `add`. The next one begins empty. */
  finish(index: number): Buffer {
    const raw = this.bytes.subarray(block.end, this.end);
    let whole = this.bytes.subarray(0, this.end);
    let method: number = codec.none;
    if (this.compress === 'zstd') {
      const packed = zstdCompressSync(raw, zstdOptions);
      if (packed.length < raw.length) {
        method = codec.zstd;
        whole = Buffer.concat([this.bytes.subarray(0, block.end), packed]);
      }
    }
    const payload = whole.subarray(block.end);
    whole.writeUInt32LE(syncWord, block.sync);
    whole.writeUInt32LE(method, block.codec);
    whole.writeUInt32LE(index >>> 0, block.index);
    whole.writeUInt32LE(raw.length, block.rawBytes);
    whole.writeUInt32LE(payload.length, block.storedBytes);
    whole.writeUInt32LE(crc32(whole.subarray(0, block.headCrc)), block.headCrc);
    whole.writeUInt32LE(crc32(payload), block.crc);
    this.end = block.end;
    this.records = 0;
    return whole;
  }
}
