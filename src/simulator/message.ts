/**
 * The messages that ACS sends, in the field order of the captured ones. Pure; any thread. An audio message is not built but
 * kept ready: between two frames of a participant only the timestamp and the base64 change. Invariant: what a template
 * holds is byte for byte what JSON.stringify would give.
 */
import { frameBytes } from '../base/limits.ts';
import { frameHeaderBytes, textFrame } from './frame.ts';

export interface AudioMessage {
  /** Null: the mixed stream, which has no such key at all. */
  readonly participantId: string | null;
  readonly timestamp: string;
  readonly data: string;
  readonly silent: boolean;
}

export function audioMessage(message: AudioMessage): string {
  const { timestamp, participantId, data, silent } = message;
  const who = participantId === null ? {} : { participantRawID: participantId };
  return JSON.stringify({ kind: 'AudioData', audioData: { timestamp, ...who, data, silent } });
}

/** `length` is the bytes of one frame. What ACS says there at 24 kHz is not documented. */
export function metadataMessage(subscriptionId: string, sampleRate: number): string {
  return JSON.stringify({
    kind: 'AudioMetadata',
    audioMetadata: { subscriptionId, encoding: 'PCM', sampleRate, channels: 1, length: frameBytes(sampleRate) },
  });
}

const placeholder = '0000-00-00T00:00:00.000Z';
/** A .NET clock shows tenths of microseconds. */
const finePlaceholder = '0000-00-00T00:00:00.0000000Z';

/** Writes `YYYY-MM-DDTHH:mm:ss.mmm` as ASCII, or with seven digits behind the second. Keeps the text of the second it wrote last: almost all frames share it. */
export class TimestampWriter {
  private second = Number.NaN;
  private readonly text = new Uint8Array(20);

  write(target: Uint8Array, at: number, wallMs: number, isFine = false): void {
    const second = Math.floor(wallMs / 1000);
    if (second !== this.second) {
      this.second = second;
      const text = new Date(second * 1000).toISOString();
      for (let i = 0; i < 20; i++) this.text[i] = text.charCodeAt(i);
    }
    target.set(this.text, at);
    const exactMs = wallMs - second * 1000;
    const ms = Math.floor(exactMs);
    if (isFine) {
      let ticks = Math.floor((exactMs - ms) * 10_000);
      for (let i = 26; i > 22; i--) {
        target[at + i] = 48 + (ticks % 10);
        ticks = Math.floor(ticks / 10);
      }
    }
    target[at + 20] = 48 + Math.floor(ms / 100);
    target[at + 21] = 48 + (Math.floor(ms / 10) % 10);
    target[at + 22] = 48 + (ms % 10);
  }
}

/** One participant's audio message as a WebSocket frame, ready but for the timestamp and the base64. */
export class AudioTemplate {
  /** Of the message, without the frame's header. */
  readonly messageBytes: number;
  readonly timestampAt: number;
  readonly dataAt: number;
  private readonly bytes: Buffer;
  private current: Buffer;
  private usedIn = -1;

  constructor(participantId: string | null, sampleRate: number, silent: boolean, hasFineStamps = false) {
    const data = Buffer.alloc(frameBytes(sampleRate)).toString('base64');
    const timestamp = hasFineStamps ? finePlaceholder : placeholder;
    const text = audioMessage({ participantId, timestamp, data, silent });
    this.bytes = textFrame(Buffer.from(text));
    this.current = Buffer.from(this.bytes);
    this.messageBytes = text.length;
    // Ids are ASCII, so positions in the text are positions in the bytes.
    this.timestampAt = frameHeaderBytes + text.indexOf(timestamp);
    this.dataAt = frameHeaderBytes + text.lastIndexOf(data);
  }

  /**
   * A buffer to fill in and send. It is the same one as long as the connection has handed everything over to the kernel
   * in between, which `epoch` tells by counting; a buffer that a slow connection still holds is left to it.
   */
  take(epoch: number): Buffer {
    if (this.usedIn === epoch) this.current = Buffer.from(this.bytes);
    this.usedIn = epoch;
    return this.current;
  }
}
