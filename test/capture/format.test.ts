/** The format of a capture: what was written is read, and whatever is cut or destroyed costs what it hits and no more. */
import { crc32, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GatewayError } from '../../src/base/errors.ts';
import { block, blockBytesMax, head, syncWord, VarintCursor, writeVarint } from '../../src/capture/format.ts';
import { CaptureReader, type CaptureRecord } from '../../src/capture/format-reader.ts';
import { BlockWriter, captureHead } from '../../src/capture/format-writer.ts';
import { judgingTimes } from '../support/starvation.ts';

type Plain = readonly [kind: number, socket: number, atUs: number, body: string];

function fileOf(blocks: readonly (readonly Plain[])[], compress: 'zstd' | 'none' = 'zstd'): Buffer {
  const writer = new BlockWriter(compress);
  const parts = blocks.map((records, index) => {
    for (const [kind, socket, atUs, body] of records) writer.add(kind, socket, atUs, Buffer.from(body));
    return Buffer.from(writer.finish(index));
  });
  return Buffer.concat([captureHead(1_700_000_000_000, false), ...parts]);
}

function readerOf(file: Buffer): CaptureReader {
  return new CaptureReader((target, position) => file.copy(target, 0, Math.min(position, file.length)));
}

function plain({ kind, socket, atUs, body }: CaptureRecord): Plain {
  return [kind, socket, atUs, body.toString()];
}

/** What can be read, and what not; null when it is refused as a whole. */
function read(file: Buffer): { readonly records: Plain[]; readonly reader: CaptureReader } | null {
  try {
    const reader = readerOf(file);
    return { records: Array.from(reader.records(), plain), reader };
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'bad_capture') return null;
    throw error;
  }
}

const aRecord = fc.tuple(
  fc.integer({ min: 1, max: 6 }),
  fc.integer({ min: 0, max: 2 ** 31 }),
  fc.integer({ min: 0, max: 2 ** 40 }),
  fc.string({ maxLength: 200 }),
);
const blocks = fc
  .array(fc.array(aRecord, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 6 })
  .map((list) => {
    let atUs = 0;
    return list.map((records) =>
      records.map(([kind, socket, step, body]): Plain => {
        atUs += step % 1_000_000;
        return [kind, socket, atUs, body];
      }),
    );
  });
const compress = fc.constantFrom('zstd' as const, 'none' as const);

test('what was written is read: kinds, sockets, times to the microsecond, and every byte', () => {
  fc.assert(
    fc.property(blocks, compress, (written, how) => {
      const { records, reader } = read(fileOf(written, how))!;
      expect(records).toEqual(written.flat());
      expect(reader.damage).toEqual({ cutBytes: 0, skippedBytes: 0, missingBlocks: 0 });
    }),
  );
});

test('whole numbers up to 2^53 - 1 survive as varints', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const bytes = Buffer.alloc(8);
      const cursor = new VarintCursor();
      const end = writeVarint(bytes, 0, value);
      expect([cursor.read(bytes), cursor.value, cursor.at]).toEqual([true, value, end]);
    }),
  );
});

test('a file that is cut anywhere is read up to its last whole block, and says how much is left over', () => {
  fc.assert(
    fc.property(blocks, compress, fc.double({ min: 0, max: 1, noNaN: true }), (written, how, share) => {
      const file = fileOf(written, how);
      const cut = Math.floor(file.length * share);
      const found = read(file.subarray(0, cut));
      if (cut < head.end) {
        expect(found).toBeNull();
        return;
      }
      let whole = 0;
      let end: number = head.end;
      for (const [index] of written.entries()) {
        const bytes = fileOf(written.slice(0, index + 1), how).length;
        if (bytes <= cut) [whole, end] = [index + 1, bytes];
      }
      expect(found!.records).toEqual(written.slice(0, whole).flat());
      expect(found!.reader.damage).toEqual({ cutBytes: cut - end, skippedBytes: 0, missingBlocks: 0 });
    }),
  );
});

test('a byte that is changed anywhere costs its block, and no other', () => {
  fc.assert(
    fc.property(blocks, compress, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, how, place, flip) => {
      const file = fileOf(written, how);
      const at = place % file.length;
      file[at]! ^= flip;
      const found = read(file);
      if (at < head.end) {
        expect(found).toBeNull();
        return;
      }
      const hit = written.findIndex((_, index) => at < fileOf(written.slice(0, index + 1), how).length);
      expect(found!.records).toEqual(written.filter((_, index) => index !== hit).flat());
      const { cutBytes, skippedBytes, missingBlocks } = found!.reader.damage;
      expect(cutBytes + skippedBytes).toBeGreaterThan(0);
      expect(missingBlocks).toBe(hit === written.length - 1 ? 0 : 1);
    }),
  );
});

test('bytes of any kind, also between blocks, lead to records or to bad_capture, never to anything else', () => {
  fc.assert(
    fc.property(blocks, fc.uint8Array({ maxLength: 400 }), fc.nat(), (written, junk, place) => {
      const file = fileOf(written);
      const at = place % file.length;
      read(Buffer.concat([file.subarray(0, at), junk, file.subarray(at)]));
      read(Buffer.from(junk));
      read(Buffer.concat([captureHead(0, false), junk]));
    }),
  );
});

/** A block whose checksums are right, whatever it says. */
function forged(codec: number, rawBytes: number, storedBytes: number, payload: Uint8Array): Buffer {
  const bytes = Buffer.alloc(block.end);
  bytes.writeUInt32LE(syncWord, block.sync);
  bytes.writeUInt32LE(codec, block.codec);
  bytes.writeUInt32LE(rawBytes, block.rawBytes);
  bytes.writeUInt32LE(storedBytes, block.storedBytes);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, block.headCrc)), block.headCrc);
  bytes.writeUInt32LE(crc32(payload), block.crc);
  return Buffer.concat([bytes, payload]);
}

test('lengths that lie cost nothing: blocks of gigabytes, bombs, records longer than their block', () => {
  const good: Plain = [2, 1, 5, 'good'];
  const tail = fileOf([[good]]).subarray(head.end);
  const bomb = zstdCompressSync(Buffer.alloc(64 * 1024 * 1024));
  const long = Buffer.from([0, 2, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 2, 3]);
  const hostile = [
    forged(0, 0xffff_ffff, 0xffff_ffff, Buffer.alloc(10)),
    forged(0, 10, blockBytesMax, Buffer.alloc(10)),
    forged(1, blockBytesMax, bomb.length, bomb),
    forged(1, 100, bomb.length, bomb),
    forged(1, 0, bomb.length, bomb),
    forged(7, 3, 3, Buffer.alloc(3)),
    forged(0, long.length, long.length, long),
    forged(0, 0, 0, Buffer.alloc(0)),
  ];
  const before = process.memoryUsage().arrayBuffers;
  for (const bytes of hostile) {
    const { records } = read(Buffer.concat([captureHead(0, false), bytes, tail]))!;
    expect(records).toEqual([good]);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(400 * 1024 * 1024);
});

test(
  'a file that looks like blocks everywhere is given up, not checked for hours',
  judgingTimes(async () => {
    const one = forged(0, blockBytesMax, blockBytesMax, Buffer.alloc(0));
    const many = (count: number) => Buffer.concat([captureHead(0, false), ...Array.from({ length: count }, () => one)]);
    const startedMs = performance.now();
    expect(read(many(400_000))).toBeNull();
    // None of them has room for what it claims.
    expect(read(many(140_000))!.records).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  }),
);

test('another version and other files are refused by name', () => {
  const other = captureHead(0, false);
  other.writeUInt32LE(9, head.version);
  other.writeUInt32LE(crc32(other.subarray(0, head.crc)), head.crc);
  expect(() => readerOf(other)).toThrow('version 9 of the format, this program knows 1');
  expect(() => readerOf(Buffer.from('RIFF....WAVEfmt and so on and on'))).toThrow('not a capture file');
  expect(() => readerOf(Buffer.alloc(0))).toThrow('not a capture file');
  expect(() => readerOf(captureHead(0, false).subarray(0, 20))).toThrow('nothing was captured');
});
