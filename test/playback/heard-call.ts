/** A call that listens: what the gateway sent into it, and when. */
import { frameBytes } from '../../src/base/limits.ts';
import { AcsClient, audio, metadata } from '../support/acs-client.ts';

/** A frame, or StopAudio: a message may bring several frames. */
export interface HeardMessage {
  readonly kind: 'audio' | 'stop';
  readonly atMs: number;
  readonly pcm: Buffer;
  readonly mark: string | null;
}

export class HeardCall {
  readonly client: AcsClient;
  readonly messages: HeardMessage[] = [];

  /** Of what comes from now on. */
  frameBytes: number;

  private constructor(client: AcsClient, rate: number) {
    this.client = client;
    this.frameBytes = frameBytes(rate || 16_000);
    client.socket.on('message', (data) => this.take(String(data)));
  }

  /** Calls in; with `rate` 0 without metadata. */
  static async connect(port: number, subscription: string, rate = 16_000, callId = subscription): Promise<HeardCall> {
    const call = new HeardCall(
      await AcsClient.connect(`ws://127.0.0.1:${port}/audio`, { 'x-ms-call-connection-id': callId }),
      rate,
    );
    if (rate > 0) call.client.send(metadata(subscription, rate));
    return call;
  }

  /** Sends a frame of its own. */
  speak(frame: number): void {
    this.client.send(audio(frame));
  }

  get frames(): HeardMessage[] {
    return this.messages.filter(({ kind }) => kind === 'audio');
  }
  get stops(): HeardMessage[] {
    return this.messages.filter(({ kind }) => kind === 'stop');
  }
  /** The samples of all frames, one after the other. */
  get pcm(): Buffer {
    return Buffer.concat(this.frames.map(({ pcm }) => pcm));
  }

  /** As ACS plays it: the longest that it heard nothing between two frames, ms. */
  get longestGapMs(): number {
    let endMs = Number.NaN;
    let gapMs = 0;
    for (const { atMs } of this.frames) {
      if (atMs > endMs) gapMs = Math.max(gapMs, atMs - endMs);
      endMs = Math.max(atMs, Number.isNaN(endMs) ? atMs : endMs) + 20;
    }
    return gapMs;
  }

  private take(text: string): void {
    const atMs = performance.now();
    const message = JSON.parse(text);
    if (message.Kind !== 'AudioData') {
      this.messages.push({ kind: 'stop', atMs, pcm: Buffer.alloc(0), mark: null });
      return;
    }
    const all = Buffer.from(message.AudioData.Data as string, 'base64');
    for (let at = 0; at < all.length; at += this.frameBytes) {
      const pcm = all.subarray(at, at + this.frameBytes);
      // It is that of the last frame.
      const mark = at + pcm.length === all.length ? (message.AudioData.Mark?.Id ?? null) : null;
      this.messages.push({ kind: 'audio', atMs, pcm, mark });
    }
  }
}

/** Samples that say where they stand. */
export function counting(samples: number, from = 0): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => (from + i) % 32_000);
}
