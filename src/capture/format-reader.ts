/**
 * Reads the format of a capture, record by record, from anything that gives bytes. What is cut off or destroyed is left out
 * and counted; reading continues at the next whole block. Pure; any one thread.
 *
 * Invariants: throws nothing but `bad_capture`; its memory is bounded by the format's limits, never by what a length in the
 * file claims; its time by the size of the file.
 */
import { constants, crc32, zstdDecompressSync } from 'node:zlib';
import {
  badCapture,
  block,
  blockBytesMax,
  codec,
  formatVersion,
  head,
  headFlag,
  magic,
  replacedFlag,
  syncWord,
  VarintCursor,
} from './format.ts';

/** Fills `target` from `position` of the file on; returns how many bytes there were. */
export type ReadBytes = (target: Uint8Array, position: number) => number;

export interface CaptureRecord {
  readonly kind: number;
  /** Redaction has replaced all of it. */
  readonly isReplaced: boolean;
  readonly socket: number;
  /** Microseconds since the start. */
  readonly atUs: number;
  readonly body: Buffer;
}

/** What could not be read. */
export interface Damage {
  /** At the end, behind the last whole block: the writer was killed, or is still writing. */
  cutBytes: number;
  /** Elsewhere. */
  skippedBytes: number;
  /** Blocks that should stand between others. */
  missingBlocks: number;
}

const windowBytesMax = 2 * (block.end + blockBytesMax);
const sync = Buffer.alloc(4);
sync.writeUInt32LE(syncWord);
/** A file made so that blocks seem to begin everywhere would be checked over and over. */
const checkedShareMax = 32;
const checkedBytesFree = 64 * 1024 * 1024;
/** Of a foreign block: zstd would take 128 MiB if a block asked for it. */
const unpackOptions = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

export class CaptureReader {
  readonly startedAtMs: number;
  readonly isRedacted: boolean;
  readonly damage: Damage = { cutBytes: 0, skippedBytes: 0, missingBlocks: 0 };
  private readonly read: ReadBytes;
  private readonly window = Buffer.alloc(windowBytesMax);
  private windowStart = 0;
  private windowEnd = 0;
  /** Nothing stands behind the window. */
  private isLast = false;
  private position: number = head.end;
  /** Since where nothing was a block; -1 while all is well. */
  private badSince = -1;
  private nextIndex = 0;
  private checkedBytes = 0;

  /** Throws `bad_capture` when not a capture file, or of another version. */
  constructor(read: ReadBytes) {
    this.read = read;
    const bytes = Buffer.alloc(head.end);
    const length = read(bytes, 0);
    const known = Math.min(length, magic.length);
    if (known === 0 || !bytes.subarray(0, known).equals(magic.subarray(0, known)))
      throw badCapture('not a capture file');
    if (length < head.end) throw badCapture('it ends within its head: nothing was captured');
    if (crc32(bytes.subarray(0, head.crc)) !== bytes.readUInt32LE(head.crc)) throw badCapture('its head is damaged');
    const version = bytes.readUInt32LE(head.version);
    if (version !== formatVersion) {
      throw badCapture(`it has version ${version} of the format, this program knows ${formatVersion}`);
    }
    const startedAtMs = bytes.readDoubleLE(head.startedAtMs);
    this.startedAtMs = Math.abs(startedAtMs) <= 8.64e15 ? startedAtMs : 0;
    this.isRedacted = (bytes.readUInt32LE(head.flags) & headFlag.redacted) !== 0;
  }

  /** All records, in the order in which they came. */
  *records(): Generator<CaptureRecord, void, undefined> {
    for (let bytes = this.nextBlock(); bytes !== null; bytes = this.nextBlock()) yield* this.recordsOf(bytes);
  }

  /** The records of the next whole block as they are in memory, or null at the end. */
  private nextBlock(): Buffer | null {
    for (;;) {
      const left = this.ensure(block.end);
      if (left < block.end) {
        const since = this.badSince < 0 ? this.position : this.badSince;
        this.position += left;
        this.damage.cutBytes += this.position - since;
        this.badSince = this.position;
        return null;
      }
      const storedBytes = this.storedBytes();
      const size = block.end + storedBytes;
      if (storedBytes >= 0 && this.ensure(size) >= size) {
        const bytes = this.unpack(storedBytes);
        if (bytes !== null) {
          this.position += size;
          return bytes;
        }
      }
      if (this.badSince < 0) this.badSince = this.position;
      this.seek();
    }
  }

  /** Sees to it that so many bytes from `position` on are in the window. Returns how many there are. */
  private ensure(bytes: number): number {
    if (this.position + bytes > this.windowEnd && !this.isLast) {
      const length = this.read(this.window, this.position);
      this.windowStart = this.position;
      this.windowEnd = this.position + length;
      this.isLast = length < this.window.length;
      this.spend(length);
    }
    return this.windowEnd - this.position;
  }

  private spend(bytes: number): void {
    this.checkedBytes += bytes;
    if (this.checkedBytes > checkedBytesFree + this.position * checkedShareMax) {
      throw badCapture('it is damaged beyond use');
    }
  }

  private get at(): number {
    return this.position - this.windowStart;
  }

  /** What the head of a block at `position` says, or -1 if there is none. */
  private storedBytes(): number {
    const { window, at } = this;
    if (window.readUInt32LE(at + block.sync) !== syncWord) return -1;
    if (crc32(window.subarray(at, at + block.headCrc)) !== window.readUInt32LE(at + block.headCrc)) return -1;
    const storedBytes = window.readUInt32LE(at + block.storedBytes);
    const rawBytes = window.readUInt32LE(at + block.rawBytes);
    return storedBytes <= blockBytesMax && rawBytes <= blockBytesMax ? storedBytes : -1;
  }

  /** The records of the block at `position`; null when it is damaged. */
  private unpack(storedBytes: number): Buffer | null {
    this.spend(storedBytes);
    const { window, at } = this;
    const stored = window.subarray(at + block.end, at + block.end + storedBytes);
    if (crc32(stored) !== window.readUInt32LE(at + block.crc)) return null;
    const bytes = unpacked(stored, window.readUInt32LE(at + block.codec), window.readUInt32LE(at + block.rawBytes));
    if (bytes === null) return null;
    const index = window.readUInt32LE(at + block.index);
    this.damage.missingBlocks += Math.max(0, index - this.nextIndex);
    this.nextIndex = index + 1;
    if (this.badSince >= 0) this.damage.skippedBytes += this.position - this.badSince;
    this.badSince = -1;
    return bytes;
  }

  /** Skips to where the next block may begin, or to the end. */
  private seek(): void {
    this.position++;
    for (;;) {
      const left = this.ensure(sync.length);
      if (left < sync.length) return;
      const found = this.window.subarray(0, this.windowEnd - this.windowStart).indexOf(sync, this.at);
      if (found >= 0) {
        this.position = this.windowStart + found;
        return;
      }
      this.position = this.windowEnd - sync.length + 1;
    }
  }

  private *recordsOf(bytes: Buffer): Generator<CaptureRecord, void, undefined> {
    const cursor = new VarintCursor();
    if (!cursor.read(bytes)) return;
    let atUs = cursor.value;
    while (cursor.at < bytes.length) {
      const start = cursor.at;
      const kind = bytes[cursor.at++]!;
      const isWhole = cursor.read(bytes);
      atUs += cursor.value;
      const isNumbered = isWhole && cursor.read(bytes);
      const socket = cursor.value;
      if (!isNumbered || !cursor.read(bytes) || cursor.at + cursor.value > bytes.length) {
        // No writer of this format writes that.
        this.damage.skippedBytes += bytes.length - start;
        return;
      }
      const body = bytes.subarray(cursor.at, cursor.at + cursor.value);
      cursor.at += cursor.value;
      yield { kind: kind & ~replacedFlag, isReplaced: (kind & replacedFlag) !== 0, socket, atUs, body };
    }
  }
}

function unpacked(stored: Buffer, method: number, rawBytes: number): Buffer | null {
  if (method === codec.none) return stored.length === rawBytes ? Buffer.from(stored) : null;
  if (method !== codec.zstd || rawBytes === 0) return null;
  try {
    const bytes = zstdDecompressSync(stored, { ...unpackOptions, maxOutputLength: rawBytes });
    return bytes.length === rawBytes ? bytes : null;
  } catch {
    return null;
  }
}
