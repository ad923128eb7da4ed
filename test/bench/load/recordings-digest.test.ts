/** What the gateway has recorded, as one number. */
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addDigest } from '../../../bench/load/payload.ts';
import { recordingsDigest } from '../../../bench/load/recordings-digest.ts';

const frames = [1, 2, 3].map((value) => Buffer.alloc(640, value));
const sent = frames.reduce((sum, frame) => addDigest(sum, crc32(frame)), 0);
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'digest-'));
  mkdirSync(join(folder, 'one'));
  mkdirSync(join(folder, 'two'));
  file = join(folder, 'one', 'mixed.pcm');
  writeFileSync(file, Buffer.concat(frames.slice(0, 2)));
  writeFileSync(join(folder, 'two', 'mixed.pcm'), frames[2]!);
  writeFileSync(join(folder, 'two', 'mixed.json'), '{}');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('the frames of all files have the digest of the frames that were sent', () => {
  expect(recordingsDigest(folder, 16_000)).toBe(sent);
});

test('a byte that is wrong, missing or too much is seen', () => {
  writeFileSync(file, Buffer.concat(frames.slice(0, 2)).fill(9, 700, 701));
  expect(recordingsDigest(folder, 16_000)).not.toBe(sent);
  truncateSync(file, 1278);
  expect(recordingsDigest(folder, 16_000)).not.toBe(sent);
  writeFileSync(file, Buffer.concat([...frames.slice(0, 2), Buffer.alloc(2)]));
  expect(recordingsDigest(folder, 16_000)).not.toBe(sent);
});
