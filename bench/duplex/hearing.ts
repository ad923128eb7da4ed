/**
 * ACS's side of a call that is spoken to: reads the frames of WebSocket, answers pings, plays what comes with ACS's clock, and
 * counts every gap that the call hears. Parses no JSON unless what was heard is to be compared: it stands beside the server on the
 * same cores. In the process of the load generator.
 */
import { crc32 } from 'node:zlib';
import { frameBytes, frameDurationMs } from '../../src/base/limits.ts';
import { clientFrame, opcode } from '../../src/simulator/frame.ts';
import { type Buckets, Histogram } from '../load/histogram.ts';
import { addDigest } from '../load/payload.ts';
import type { Hear } from '../load/stream-socket.ts';

/** A message without audio is shorter, one with audio is longer. */
const stopBytesMax = 125;
const headBytesMax = 10;
/** What stands around the base64 of a message, more or less. */
const envelopeBytes = 60;
const sampleRate = 16_000;
const pong = clientFrame(opcode.pong, '');

/** Of all streams, since the start. */
export interface Heard {
  readonly frames: number;
  readonly stops: number;
  /** Times that a frame came when the one before had been played. */
  readonly gaps: number;
  readonly gapMs: number;
  /** How long what was there would still have been played when a frame came. */
  readonly margin: Buckets;
  /** Sum of the checksums of all PCM; 0 unless it is compared. */
  readonly digest: number;
}

export class Hearing {
  private readonly isVerified: boolean;
  private readonly margin = new Histogram(0.1, 10_000, 1.1);
  private frames = 0;
  private stops = 0;
  private gaps = 0;
  private gapMs = 0;
  private digest = 0;

  constructor(isVerified: boolean) {
    this.isVerified = isVerified;
  }

  /** One more stream. */
  readonly stream = (send: (bytes: Uint8Array) => void): Hear => {
    const stream = new HeardStream(this, send, this.isVerified);
    return (bytes, length) => stream.take(bytes, length);
  };

  read(): Heard {
    const { frames, stops, gaps, gapMs, digest } = this;
    return { frames, stops, gaps, gapMs, margin: this.margin.read(), digest };
  }

  /** So many frames came when so much was left to be played; NaN: they are the first ones, or the first after silence that was asked for. */
  heard(frames: number, marginMs: number): void {
    this.frames += frames;
    if (Number.isNaN(marginMs)) return;
    this.margin.add(Math.max(0, marginMs));
    if (marginMs >= 0) return;
    this.gaps++;
    this.gapMs -= marginMs;
  }

  stopped(): void {
    this.stops++;
  }

  compare(text: string): void {
    const message = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, string>>>>;
    const data = message['AudioData']?.['Data'] ?? message['audioData']?.['data'] ?? '';
    const pcm = Buffer.from(data, 'base64');
    const bytes = frameBytes(sampleRate);
    for (let at = 0; at < pcm.length; at += bytes) {
      this.digest = addDigest(this.digest, crc32(pcm.subarray(at, at + bytes)));
    }
  }
}

/** Frames in a message of so many bytes; its envelope is shorter than one. */
function framesIn(bytes: number): number {
  return Math.max(1, Math.round(((bytes - envelopeBytes) * 3) / 4 / frameBytes(sampleRate)));
}

class HeardStream {
  private readonly hearing: Hearing;
  private readonly send: (bytes: Uint8Array) => void;
  /** What came of a message; null: it is not compared. */
  private text: Buffer[] | null;
  private readonly head = Buffer.alloc(headBytesMax);
  private headLength = 0;
  /** Of the message that is being read. */
  private bytes = 0;
  private left = 0;
  /** When all that came has been played. */
  private endMs = Number.NaN;

  constructor(hearing: Hearing, send: (bytes: Uint8Array) => void, isVerified: boolean) {
    this.hearing = hearing;
    this.send = send;
    this.text = isVerified ? [] : null;
  }

  take(bytes: Buffer, length: number): void {
    const nowMs = performance.now();
    for (let at = 0; at < length; ) {
      if (this.left === 0) {
        at = this.readHead(bytes, at);
        if (this.left > 0 || this.headLength > 0) continue;
      } else {
        const part = Math.min(this.left, length - at);
        this.text?.push(Buffer.from(bytes.subarray(at, at + part)));
        at += part;
        this.left -= part;
        if (this.left > 0) continue;
      }
      this.whole(nowMs);
    }
  }

  /** Returns where the payload begins, or continues. */
  private readHead(bytes: Buffer, from: number): number {
    const { head } = this;
    head[this.headLength++] = bytes[from]!;
    if (this.headLength < 2) return from + 1;
    const short = head[1]! & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : headBytesMax;
    if (this.headLength < headBytes) return from + 1;
    this.bytes = short < 126 ? short : short === 126 ? head.readUInt16BE(2) : Number(head.readBigUInt64BE(2));
    this.left = this.bytes;
    this.headLength = 0;
    return from + 1;
  }

  private whole(nowMs: number): void {
    const { hearing, text } = this;
    const kind = this.head[0]! & 0x0f;
    if (kind === opcode.ping) this.send(pong);
    if (kind === opcode.text && this.bytes > stopBytesMax) {
      const frames = framesIn(this.bytes);
      hearing.heard(frames, this.endMs - nowMs);
      this.endMs = Math.max(nowMs, Number.isNaN(this.endMs) ? nowMs : this.endMs) + frames * frameDurationMs;
      if (text !== null) hearing.compare(Buffer.concat(text).toString());
    } else if (kind === opcode.text) {
      this.endMs = Number.NaN;
      hearing.stopped();
    }
    if (text !== null) this.text = [];
  }
}
