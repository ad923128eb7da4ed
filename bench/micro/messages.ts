/**
 * The inputs of the micro benchmarks: audio messages as ACS writes them, each with its own participant and its own
 * pseudo-random PCM, and their timestamps, which advance from round to round. The same in every run. Pure.
 */
import { frameBytes, frameDurationMs } from '../../src/base/limits.ts';
import { deriveKey, scramble } from '../../src/simulator/random.ts';

export interface AudioMessage {
  readonly participantId: string;
  readonly pcm: Buffer;
  readonly bytes: Buffer;
  /** Where the text of the timestamp stands in `bytes`. */
  readonly timestampAt: number;
}

const startMs = Date.UTC(2026, 0, 5, 9);

/** Numbers, one after the other. */
class Random {
  private state: number;
  constructor(seed: number) {
    this.state = deriveKey(seed);
  }
  next(): number {
    return scramble(this.state++);
  }
  hex(digits: number): string {
    let text = '';
    while (text.length < digits) text += this.next().toString(16).padStart(8, '0');
    return text.slice(0, digits);
  }
  guid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  }
}

/** The text that ACS's timestamp of frame `frame` has. */
export function timestampText(frame: number): string {
  return new Date(startMs + frame * frameDurationMs).toISOString();
}

/** Messages of `count` participants, all of the same moment. */
export function audioMessages(count: number, sampleRate: number): AudioMessage[] {
  const resource = new Random(0).guid();
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(index + 1);
    const participantId = `8:acs:${resource}_${random.guid()}`;
    const pcm = Buffer.alloc(frameBytes(sampleRate));
    for (let i = 0; i < pcm.length; i += 2) pcm.writeUInt16LE(random.next() >>> 16, i);
    const timestamp = timestampText(0);
    const audioData = { timestamp, participantRawID: participantId, data: pcm.toString('base64'), silent: false };
    const bytes = Buffer.from(JSON.stringify({ kind: 'AudioData', audioData }));
    return { participantId, pcm, bytes, timestampAt: bytes.indexOf(timestamp) };
  });
}

export function metadataMessage(sampleRate: number): Buffer {
  const audioMetadata = {
    subscriptionId: new Random(0).guid(),
    encoding: 'PCM',
    sampleRate,
    channels: 1,
    length: frameBytes(sampleRate),
  };
  return Buffer.from(JSON.stringify({ kind: 'AudioMetadata', audioMetadata }));
}

/** Messages one behind the other, each on a multiple of 8 plus `lease`: what is copied from, or parsed in place. */
export interface Inbox {
  readonly bytes: Buffer;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Each message alone. */
  readonly views: readonly Uint8Array[];
}

export function inboxOf(messages: readonly AudioMessage[], isShared: boolean, lease = 0): Inbox {
  const strides = messages.map(({ bytes }) => (bytes.length + 23) & ~7);
  const size = strides.reduce((sum, stride) => sum + stride, 8);
  const memory = isShared ? new SharedArrayBuffer(size) : new ArrayBuffer(size);
  const bytes = Buffer.from(memory as ArrayBuffer, 0, size);
  const starts = new Int32Array(messages.length);
  const ends = new Int32Array(messages.length);
  let at = lease;
  messages.forEach((message, i) => {
    starts[i] = at;
    ends[i] = at + message.bytes.length;
    bytes.set(message.bytes, at);
    at += strides[i]!;
  });
  const views = messages.map((_, i) => bytes.subarray(starts[i], ends[i]));
  return { bytes, starts, ends, views };
}
