/** The audio that a generator sends: a few different frames of noise, the same for the same seed. Pure. */
import { crc32 } from 'node:zlib';
import { frameBytes } from '../../src/base/limits.ts';
import { scramble } from '../../src/simulator/random.ts';

/** A prime, so that no cycle of streams or participants is in step with it. */
const payloadCount = 31;
const seed = 0x2545f491;

export interface Payload {
  readonly base64: string;
  readonly crc: number;
}

export class Payloads {
  private readonly payloads: Payload[] = [];

  constructor(sampleRate: number) {
    const length = frameBytes(sampleRate);
    for (let i = 0; i < payloadCount; i++) {
      const pcm = Buffer.from(Array.from({ length }, (_, at) => scramble(seed + i * length + at)));
      this.payloads.push({ base64: pcm.toString('base64'), crc: crc32(pcm) });
    }
  }

  /** Of turn `turn` of a participant. */
  of(turn: number, participant: number): Payload {
    return this.payloads[(turn + participant * 7) % payloadCount]!;
  }
}

/** A sum of checksums: the same for the same frames in any order. */
export function addDigest(digest: number, crc: number): number {
  return (digest + crc) >>> 0;
}
