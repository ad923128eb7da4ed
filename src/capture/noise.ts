/**
 * Noise in the place of audio, as base64: as long as what it replaces, good where that is good, bad where it is bad. Equal
 * audio gets equal noise, or a frame that came twice would be two frames; which noise, only the key tells. The same at every
 * run. Pure but for where it is in the noise; any one thread.
 */
import { createHmac } from 'node:crypto';
import { packetBytesMax } from '../base/limits.ts';
import { decodeBase64, decodedBytes, isLatin1 } from '../protocol/base64.ts';

/** Quiet, because people will listen to it. */
const amplitude = 400;
const alphabet = /[A-Za-z0-9+/]/;
/** A character that is in no base64. */
const bad = '*';

export class Noise {
  private readonly pcm: Buffer;
  private readonly scratch: Buffer;
  private readonly key: Uint8Array;
  private at = 0;

  constructor(key: Uint8Array) {
    this.key = key;
    this.pcm = Buffer.alloc(2 * packetBytesMax);
    // Xorshift; nothing here has to be unpredictable, it only must not depend on what it replaces.
    let state = 0x2545f491;
    for (let i = 0; i < this.pcm.length; i += 2) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      this.pcm.writeInt16LE((state % amplitude) | 0, i);
    }
    this.scratch = Buffer.alloc(packetBytesMax);
  }

  /** The noise for a text that stands where audio should. Digital silence stays so if it is flagged. */
  like(text: string, isSilent: boolean): string {
    const bytes = isLatin1(text) ? decodedBytes(text) : -1;
    const isGood = bytes >= 0 && bytes <= packetBytesMax && decodeBase64(text, bytes, this.scratch, 0);
    if (isGood) {
      if (isSilent && isZero(this.scratch, bytes)) return text;
      return this.of(this.scratch.subarray(0, bytes)).toString('base64');
    }
    return this.bad(text);
  }

  private of(pcm: Buffer): Buffer {
    const digest = createHmac('sha256', this.key).update(pcm).digest();
    const start = digest.readUInt32LE(0) % (this.pcm.length - packetBytesMax);
    return this.pcm.subarray(start & ~1, (start & ~1) + pcm.length);
  }

  private take(bytes: number): Buffer {
    if (this.at + bytes > this.pcm.length) this.at = (this.at % 1000) & ~1;
    const start = this.at;
    this.at += (bytes + 1) & ~1;
    return this.pcm.subarray(start, start + bytes);
  }

  /** What is bad stays bad in the same way: its length, its padding, and characters that do not belong there. */
  private bad(text: string): string {
    const pieces: string[] = [];
    for (let at = 0; at < text.length; at += packetBytesMax) {
      const piece = text.slice(at, at + packetBytesMax);
      const noise = this.take(Math.ceil((piece.length * 3) / 4)).toString('base64');
      let made = '';
      for (let i = 0; i < piece.length; i++) {
        const char = piece[i]!;
        made += alphabet.test(char) ? noise[i] : char === '=' ? '=' : bad;
      }
      pieces.push(made);
    }
    const made = pieces.join('');
    const bytes = decodedBytes(made);
    // Bits behind the end were wrong, or there was too much; the latter stays too much.
    const isMended = bytes >= 0 && bytes <= packetBytesMax && decodeBase64(made, bytes, this.scratch, 0);
    return isMended ? bad + made.slice(1) : made;
  }
}

function isZero(bytes: Buffer, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[i] !== 0) return false;
  return true;
}
