/** A call that listens: what the gateway sent into it, and when. */
import { AcsClient, audio, metadata } from '../support/acs-client.ts';

export interface HeardMessage {
  readonly kind: 'audio' | 'stop';
  readonly atMs: number;
  readonly pcm: Buffer;
  readonly mark: string | null;
}

export class HeardCall {
  readonly client: AcsClient;
  readonly messages: HeardMessage[] = [];

  private constructor(client: AcsClient) {
    this.client = client;
    client.socket.on('message', (data) => this.take(String(data)));
  }

  /** Calls in; with `rate` 0 without metadata. */
  static async connect(port: number, subscription: string, rate = 16_000, callId = subscription): Promise<HeardCall> {
    const call = new HeardCall(
      await AcsClient.connect(`ws://127.0.0.1:${port}/audio`, { 'x-ms-call-connection-id': callId }),
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
    const isAudio = message.Kind === 'AudioData';
    const data: string = isAudio ? message.AudioData.Data : '';
    const mark = message.AudioData?.Mark?.Id ?? null;
    this.messages.push({ kind: isAudio ? 'audio' : 'stop', atMs, pcm: Buffer.from(data, 'base64'), mark });
  }
}

/** Samples that say where they stand. */
export function counting(samples: number, from = 0): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => (from + i) % 32_000);
}
