/**
 * The general parser: any JSON text, by `JSON.parse` or by the simdjson binding, and what its fields mean. It defines the
 * protocol; the scanner may only be faster. Allocates.
 *
 * Own properties only: the simdjson binding lets a key `__proto__` change the prototype, `JSON.parse` does not.
 */
import { participantIdBytesMax } from '../base/limits.ts';
import { playbackIdBytesMax } from '../base/playback-limits.ts';
import { isLatin1 } from './base64.ts';
import { type Message, type MessageParser, messageKind } from './message.ts';
import { parseTimestamp, timestampBytesMax } from './timestamp.ts';

type JsonObject = Readonly<Record<string, unknown>>;

const byteOrderMark = '\uFEFF';
/** One key; ACS may spell some of them out. */
const toneCharsMax = 16;
/** `Completed`, `Cancelled`, or what ACS may say one day. */
const markStatusCharsMax = 16;
/** Ids longer than this are refused later; the scratch only has to show that they are too long. */
const scratchBytes = 4 * participantIdBytesMax;

function asObject(value: unknown): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

function own(object: JsonObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Official parsers read the first spelling, third parties write the others; the first that is there counts. */
const idKeys = ['participantRawID', 'participantRawId', 'participantId', 'participant'] as const;

export class GeneralParser implements MessageParser {
  private readonly parseJson: (text: string) => unknown;
  private readonly scratch = Buffer.alloc(scratchBytes);
  private readonly timestampScratch = Buffer.alloc(4 * timestampBytesMax);

  /** `parseJson` throws on anything that is not JSON. */
  constructor(parseJson: (text: string) => unknown) {
    this.parseJson = parseJson;
  }

  parse(bytes: Buffer, start: number, end: number, message: Message): boolean {
    message.clear();
    let text = bytes.toString('utf8', start, end);
    if (text.startsWith(byteOrderMark)) text = text.slice(1);
    let value: unknown;
    try {
      value = this.parseJson(text);
    } catch {
      return true;
    }
    const root = asObject(value);
    const kind = root === null ? null : own(root, 'kind');
    if (root === null || typeof kind !== 'string') return true;
    if (kind === 'AudioData') this.audio(asObject(own(root, 'audioData')), message);
    else if (kind === 'AudioMetadata') this.metadata(asObject(own(root, 'audioMetadata')), message);
    else if (kind === 'DtmfData') this.dtmf(asObject(own(root, 'dtmfData')), message);
    else {
      message.kind = messageKind.unknown;
      if (kind === 'MarkData') this.mark(asObject(own(root, 'markData')), message);
    }
    return true;
  }

  private audio(payload: JsonObject | null, message: Message): void {
    if (payload === null) return;
    message.kind = messageKind.audio;
    const data = own(payload, 'data');
    message.dataIsText = data === undefined || data === null || (typeof data === 'string' && isLatin1(data));
    message.data = typeof data === 'string' ? data : '';
    message.silent = own(payload, 'silent') === true;
    const timestamp = own(payload, 'timestamp');
    if (typeof timestamp === 'string' && timestamp.length <= timestampBytesMax) {
      const written = this.timestampScratch.write(timestamp);
      message.timestampMs = parseTimestamp(this.timestampScratch, 0, written);
    }
    for (const key of idKeys) {
      const value = own(payload, key);
      const id = key === 'participant' ? (own(asObject(value) ?? {}, 'rawId') ?? value) : value;
      if (typeof id !== 'string' || id === '') continue;
      message.id = this.scratch;
      message.idEnd = this.scratch.write(id);
      break;
    }
  }

  private dtmf(payload: JsonObject | null, message: Message): void {
    message.kind = messageKind.dtmf;
    const tone = payload === null ? undefined : own(payload, 'data');
    if (typeof tone === 'string' && tone.length <= toneCharsMax) message.tone = tone;
  }

  private mark(payload: JsonObject | null, message: Message): void {
    const id = own(payload ?? {}, 'id');
    const status = own(payload ?? {}, 'status');
    if (typeof id !== 'string' || Buffer.byteLength(id) > playbackIdBytesMax) return;
    message.markId = id;
    message.markStatus = typeof status === 'string' ? status.slice(0, markStatusCharsMax) : '';
  }

  private metadata(payload: JsonObject | null, message: Message): void {
    if (payload === null) return;
    message.kind = messageKind.metadata;
    const subscriptionId = own(payload, 'subscriptionId');
    const encoding = own(payload, 'encoding') ?? 'PCM';
    const sampleRate = own(payload, 'sampleRate') ?? 16_000;
    const channels = own(payload, 'channels') ?? 1;
    message.subscriptionId = typeof subscriptionId === 'string' ? subscriptionId : '';
    message.encoding = typeof encoding === 'string' ? encoding : '';
    message.sampleRate = typeof sampleRate === 'number' ? sampleRate : -1;
    message.channels = typeof channels === 'number' ? channels : -1;
  }
}
