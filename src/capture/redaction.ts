/**
 * What a capture may say of a call when it is redacted: when something came, how long it was, what kind it was, and whether
 * it was right. Not who spoke, what was said, or which keys were pressed. Whatever is not known to be harmless is replaced.
 * Any one thread.
 *
 * Invariant: the result is as long as the message, and a gateway counts it as it counts the message.
 */
import { parseTimestamp } from '../protocol/timestamp.ts';
import type { Redaction } from './drain.ts';
import { bodyObject, openingOf, recordKind } from './format.ts';
import { MadeUpIds } from './made-up-ids.ts';
import { Noise } from './noise.ts';
import { JsonRedactor, type JsonRules } from './redact-json.ts';

const kinds = new Set([
  'AudioData',
  'AudioMetadata',
  'DtmfData',
  'MarkData',
  'StopAudio',
  'TranscriptionData',
  'TranscriptionMetadata',
]);
const idKeys = new Set([
  'participantRawID',
  'participantRawId',
  'participantId',
  'subscriptionId',
  'callConnectionId',
  'correlationId',
]);
/** Names of fields that are documented; any other may be anything. */
const keys = new Set([
  ...idKeys,
  'kind',
  'audioData',
  'audioMetadata',
  'dtmfData',
  'markData',
  'stopAudio',
  'transcriptionData',
  'transcriptionMetadata',
  'data',
  'timestamp',
  'silent',
  'encoding',
  'sampleRate',
  'channels',
  'length',
  'id',
  'status',
  'text',
]);
const ordinaryNumbers = new Set([0, 1, 640, 960, 1280, 1920, 8000, 16_000, 24_000, 32_000, 44_100, 48_000]);
const byteOrderMark = Buffer.from('\uFEFF');

/** As many characters as the text has bytes. */
function masked(text: string, with_: string): string {
  return with_.repeat(Buffer.byteLength(text));
}

export class Redactor implements Redaction, JsonRules {
  private readonly ids: MadeUpIds;
  private readonly noise: Noise;
  private readonly json = new JsonRedactor(this);
  private isSilent = false;

  /** Made-up ids follow from the key; with it real ones can be searched for. */
  constructor(key: Uint8Array) {
    this.ids = new MadeUpIds(key);
    this.noise = new Noise(key);
  }

  apply(kind: number, body: Uint8Array): { readonly body: Uint8Array; readonly isReplaced: boolean } {
    switch (kind) {
      case recordKind.open:
        return { body: this.opening(body), isReplaced: false };
      case recordKind.text:
        return this.message(Buffer.from(body));
      case recordKind.binary:
        return { body: Buffer.alloc(body.length, '#'), isReplaced: true };
      case recordKind.resumed:
        return { body: this.resumed(body), isReplaced: false };
      case recordKind.end:
      case recordKind.lost:
        return { body, isReplaced: false };
      default:
        return { body: Buffer.alloc(body.length), isReplaced: true };
    }
  }

  key(key: string): string {
    return keys.has(key) ? key : masked(key, 'x');
  }

  text(text: string, path: readonly string[]): string {
    const name = path.at(-1) ?? '';
    const place = path.join('.');
    if (place === 'kind') return kinds.has(text) ? text : masked(text, 'x');
    if (place === 'audioData.data') return this.noise.like(text, this.isSilent);
    if (place === 'dtmfData.data') return masked(text, '0');
    if (place === 'audioMetadata.encoding') return /^pcm$/i.test(text) ? text : masked(text, 'x');
    if (path.length !== 2) return masked(text, 'x');
    if (idKeys.has(name)) return this.ids.of(text);
    if (name === 'timestamp' && isTimestamp(text)) return text;
    return masked(text, 'x');
  }

  number(text: string, path: readonly string[]): string {
    const isFormat = path.length === 2 && path[0] === 'audioMetadata';
    return isFormat && ordinaryNumbers.has(Number(text)) ? text : text.replace(/\d/g, '9');
  }

  private message(bytes: Buffer): { readonly body: Buffer; readonly isReplaced: boolean } {
    const start = bytes.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0;
    const text = bytes.subarray(start);
    const value = parsed(text);
    if (value !== undefined) {
      this.isSilent = silenceOf(value);
      const made = this.json.redact(text);
      if (made !== null) return { body: Buffer.concat([bytes.subarray(0, start), made]), isReplaced: false };
    }
    // No JSON, and so nothing that a gateway would take either.
    return { body: Buffer.alloc(bytes.length, '#'), isReplaced: true };
  }

  private resumed(body: Uint8Array): Buffer {
    const { stream } = bodyObject(body) ?? {};
    return Buffer.from(JSON.stringify({ stream: this.ids.of(String(stream)) }));
  }

  private opening(body: Uint8Array): Buffer {
    const { headers, address, path, at, stream } = openingOf(body);
    const made = Object.entries(headers).map(([name, value]) => [name, this.ids.of(value)]);
    return Buffer.from(
      JSON.stringify({
        at,
        stream: this.ids.of(stream),
        path: path.replace(/[^/*]/g, 'x'),
        address: this.ids.ofAddress(address),
        headers: Object.fromEntries(made),
      }),
    );
  }
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

function silenceOf(value: unknown): boolean {
  const audio = (value as { audioData?: { silent?: unknown } } | null)?.audioData;
  return audio?.silent === true;
}

function isTimestamp(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,7})?(Z|[+-]\d\d:?\d\d)?$/.test(text)) return false;
  const bytes = Buffer.from(text, 'latin1');
  return !Number.isNaN(parseTimestamp(bytes, 0, bytes.length));
}
