/**
 * What every rival counts, and how it is asked. The price per frame is three additions; the clock is read for one frame in
 * sixteen, which is what the gateway reads it for to note the end of a residence.
 */
import { crc32 } from 'node:zlib';
import { Histogram } from '../histogram.ts';
import { answer } from '../ipc.ts';
import { addDigest } from '../payload.ts';
import type { ServerCounts } from '../server.ts';

/** In the environment of a rival whose content is compared. */
export const verifyVariable = 'BENCH_VERIFY';

const timedMask = 15;

export class Accounting {
  /** Held, so that nothing can be optimised away. */
  last: Uint8Array | null = null;
  private frames = 0;
  private pcmBytes = 0;
  private dropped = 0;
  private digest = 0;
  private messages = 0;
  private readonly isVerifying = process.env[verifyVariable] !== undefined;
  private readonly residence = new Histogram(0.001, 20_000, 1.2);

  /** At the start of the handler. NaN: this message is not timed. */
  begin(): number {
    return (this.messages++ & timedMask) === 0 ? performance.now() : Number.NaN;
  }

  decoded(pcm: Uint8Array, beginMs: number): void {
    this.frames++;
    this.pcmBytes += pcm.byteLength;
    this.last = pcm;
    if (!Number.isNaN(beginMs)) this.residence.add(performance.now() - beginMs);
    if (this.isVerifying) this.digest = addDigest(this.digest, crc32(Uint8Array.from(pcm)));
  }

  drop(): void {
    this.dropped++;
  }

  /** Starts to listen, and answers until the benchmark ends it. */
  serve(listen: () => Promise<number>): void {
    answer({ listen, counts: () => this.counts() });
  }

  private counts(): ServerCounts {
    const { frames, pcmBytes, dropped, digest, isVerifying } = this;
    return {
      frames,
      pcmBytes,
      dropped,
      residence: this.residence.read(),
      digest: isVerifying ? digest : null,
      account: null,
    };
  }
}
