/**
 * Reads what a server sends to ACS (bidirectional streaming): audio, or the order to stop it. Pure; one thread. ACS reads the names
 * without case, for its SDKs write six different ones, and decides by kind. Invariant: nothing that a server sends throws, and
 * what is kept is one buffer as long as the longest audio so far.
 */
import { decodeBase64, decodedBytes, isLatin1 } from '../protocol/base64.ts';

/** Why ACS cannot be expected to take a message. */
export const brokenReasons = ['notJson', 'noKind', 'unknownKind', 'badBase64', 'oddLength'] as const;
export type BrokenReason = (typeof brokenReasons)[number];

/** The last field of this name in any case, as a reader without case has it. */
function fieldOf(value: unknown, lowerCaseName: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  let found: unknown;
  for (const name of Object.keys(value)) {
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) {
      found = (value as Record<string, unknown>)[name];
    }
  }
  return found;
}

export class OutboundReader {
  /** Of the message read last: its audio stands in the first `byteCount` bytes. Whole 16-bit samples. */
  pcm = Buffer.alloc(0);
  byteCount = 0;
  /** What is to be answered when the audio has been played, or null. */
  markId: string | null = null;

  /** `text` is null for a binary message. */
  read(text: string | null): 'audio' | 'stop' | BrokenReason {
    this.byteCount = 0;
    this.markId = null;
    if (text === null) return 'notJson';
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return 'notJson';
    }
    const kind = fieldOf(message, 'kind');
    if (typeof kind !== 'string') return 'noKind';
    switch (kind.toLowerCase()) {
      case 'audiodata':
        return this.readAudio(fieldOf(message, 'audiodata'));
      case 'stopaudio':
        return 'stop';
      default:
        return 'unknownKind';
    }
  }

  private readAudio(audio: unknown): 'audio' | BrokenReason {
    const markId = fieldOf(fieldOf(audio, 'mark'), 'id');
    if (typeof markId === 'string') this.markId = markId;
    const data = fieldOf(audio, 'data');
    if (typeof data !== 'string' || data === '') return this.markId === null ? 'badBase64' : 'audio';
    const byteCount = isLatin1(data) ? decodedBytes(data) : -1;
    if (byteCount < 0) return 'badBase64';
    if (this.pcm.length < byteCount) this.pcm = Buffer.allocUnsafe(Math.max(4096, 2 * byteCount));
    if (!decodeBase64(data, byteCount, this.pcm, 0)) return 'badBase64';
    if (byteCount % 2 !== 0) return 'oddLength';
    this.byteCount = byteCount;
    return 'audio';
  }
}
