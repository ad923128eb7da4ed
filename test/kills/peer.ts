/** One stream's other end: sends everything that ACS may send, and knows what of it must be in the rings, bit for bit. */
import type { Stream } from '../../src/stream/stream.ts';
import { audio, iso, metadata, startMs } from '../decoder/messages.ts';

/** An audio message that was sent: its PCM must be in the rings whole, or not at all. */
export interface Sent {
  readonly timestampMs: number;
  readonly pcm: Buffer;
  readonly isEmpty: boolean;
}

/** What was sent for one participant and not found yet, in order. */
export type Expected = Sent[];

const otherMessages = [
  '{"kind":"DtmfData","dtmfData":{"data":"1"}}',
  '{"kind":"New"}',
  '{"kind":"AudioData"',
  audio({ participantRawID: 'x', data: '????' }),
];

export class Peer {
  readonly stream: Stream;
  readonly expected = new Map<string, Expected>();
  messagesLeft: number;
  /** Messages that were found whole in a ring. */
  messagesFound = 0;
  private readonly random: () => number;
  private sampleRate = 16_000;
  private sent = 0;

  constructor(stream: Stream, random: () => number) {
    this.stream = stream;
    this.random = random;
    this.messagesLeft = 20 + Math.floor(random() * 300);
  }

  send(): void {
    this.messagesLeft--;
    this.stream.receive(Buffer.from(this.next()), false, performance.now());
  }

  private next(): string {
    const kind = this.random();
    if (this.sent++ === 0) return metadata();
    if (kind < 0.005) {
      this.sampleRate = 40_000 - this.sampleRate;
      return metadata({ sampleRate: this.sampleRate, subscriptionId: `sub${this.sent}` });
    }
    if (kind < 0.05) return otherMessages[Math.floor(this.random() * otherMessages.length)]!;
    return this.audio(kind);
  }

  private audio(kind: number): string {
    const id = `participant ${Math.floor(this.random() * 3)}`;
    const perFrame = this.sampleRate / 25;
    const isEmpty = kind > 0.97;
    const frames = kind < 0.1 ? 1 + this.random() * 5 : 1;
    const pcm = this.pcm(isEmpty ? 0 : 2 * Math.floor((frames * perFrame) / 2));
    // Each its own; now and then late, or so near to one that was sent that it is a duplicate, or behind a gap.
    const step = kind < 0.15 ? -3 : kind < 0.2 ? 40 : 0;
    const timestampMs = startMs + 20 * (3 * this.sent + step) + (this.sent % 7);
    const queue = this.expected.get(id) ?? [];
    this.expected.set(id, queue);
    queue.push({ timestampMs, pcm, isEmpty });
    const silent = isEmpty || kind > 0.9;
    return audio({ timestamp: iso(timestampMs), participantRawID: id, data: pcm.toString('base64'), silent });
  }

  private pcm(bytes: number): Buffer {
    const pcm = Buffer.alloc(bytes);
    let word = Math.floor(this.random() * 2 ** 32);
    for (let at = 0; at + 4 <= bytes; at += 4) {
      word = (Math.imul(word, 1_664_525) + 1_013_904_223) >>> 0;
      pcm.writeUInt32LE(word, at);
    }
    return pcm;
  }
}
