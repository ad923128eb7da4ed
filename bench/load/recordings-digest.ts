/** What the gateway has recorded, as the sum of checksums that the generator makes of what it sends. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { frameBytes } from '../../src/base/limits.ts';
import { addDigest } from './payload.ts';

/** Of all `.pcm` files below the folder. Half a frame at the end counts as one, which makes the digest differ. */
export function recordingsDigest(folder: string, sampleRate: number): number {
  const bytes = frameBytes(sampleRate);
  let digest = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.pcm')) continue;
    const pcm = readFileSync(join(folder, name));
    for (let at = 0; at < pcm.length; at += bytes) digest = addDigest(digest, crc32(pcm.subarray(at, at + bytes)));
  }
  return digest;
}
