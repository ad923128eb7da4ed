/**
 * Azure Speech as far as its SDK needs it: takes the messages that the SDK sends over a WebSocket, splits the audio at
 * silences as the service does, and "recognises" the hash of what it was sent, at its place in the stream.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

const wavHeaderBytes = 44;
const bytesPerSample = 2;
/** The service's own default for the end of a phrase. */
const silenceMs = 500;
const ticksPerMs = 10_000;

export function textOf(samples: Int16Array): string {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  return createHash('sha256').update(bytes).digest('hex');
}

/** Headers of a message as lines, then an empty line, then the body. */
function requestIdOf(headers: string): string {
  return /x-requestid: *(\S+)/i.exec(headers)?.[1] ?? '';
}

class Recognition {
  sampleRate = 0;
  private readonly socket: WebSocket;
  private requestId = '';
  private bytes = Buffer.alloc(0);
  /** Where the next phrase is looked for, in samples. */
  private at = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) return;
      const bodyAt = 2 + data.readUInt16BE(0);
      this.hear(data.toString('latin1', 2, bodyAt), data.subarray(bodyAt));
    });
  }

  private hear(headers: string, body: Buffer): void {
    if (this.requestId === '') {
      this.requestId = requestIdOf(headers);
      this.tell('turn.start', { context: { serviceTag: 'test' } });
    }
    this.bytes = Buffer.concat([this.bytes, body]);
    if (this.bytes.length > wavHeaderBytes) this.sampleRate = this.bytes.readUInt32LE(24);
    this.phrases(body.length === 0);
    if (body.length === 0) this.tell('turn.end', {});
  }

  private phrases(isEnd: boolean): void {
    if (this.sampleRate === 0) return;
    const pcm = this.bytes.subarray(wavHeaderBytes);
    const samples = new Int16Array(new Uint8Array(pcm).buffer, 0, Math.floor(pcm.length / bytesPerSample));
    const silence = (silenceMs * this.sampleRate) / 1000;
    for (;;) {
      while (samples[this.at] === 0) this.at++;
      let end = this.at;
      for (let i = this.at; i < samples.length && i - end <= silence; i++) if (samples[i] !== 0) end = i + 1;
      if (end === this.at || (!isEnd && samples.length - end < silence)) return;
      this.tell('speech.phrase', {
        RecognitionStatus: 'Success',
        DisplayText: textOf(samples.slice(this.at, end)),
        Offset: ((this.at * 1000) / this.sampleRate) * ticksPerMs,
        Duration: (((end - this.at) * 1000) / this.sampleRate) * ticksPerMs,
      });
      this.at = end;
    }
  }

  private tell(path: string, body: object): void {
    const headers = `X-RequestId:${this.requestId}\r\nContent-Type:application/json\r\nPath:${path}\r\n\r\n`;
    this.socket.send(headers + JSON.stringify(body));
  }
}

export class SpeechService {
  readonly recognitions: Recognition[] = [];
  private readonly server: WebSocketServer;

  private constructor(port: number) {
    this.server = new WebSocketServer({ host: '127.0.0.1', port });
    this.server.on('connection', (socket) => this.recognitions.push(new Recognition(socket)));
    onTestFinished(() => {
      for (const client of this.server.clients) client.terminate();
      this.server.close();
    });
  }

  static async start(port = 0): Promise<SpeechService> {
    const service = new SpeechService(port);
    await once(service.server, 'listening');
    return service;
  }

  get url(): URL {
    return new URL(`ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`);
  }
}
