/** A server that writes down everything it is sent, and an independent count of it, for tests of the simulator. */
import { createServer as createHttpServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export interface Received {
  readonly at: number;
  readonly binary: boolean;
  readonly text: string;
}

export interface ReceivedCall {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly openedAt: number;
  readonly socket: WebSocket;
  readonly messages: Received[];
  closeCode: number | null;
}

export interface ServerBehaviour {
  /** The HTTP status to refuse a call with, or null. `n` counts the upgrades from 0. */
  readonly refuse?: (n: number) => number | null;
  readonly accepted?: (call: ReceivedCall) => void;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export class RecordingServer implements AsyncDisposable {
  readonly calls: ReceivedCall[] = [];
  readonly #http: Server;
  readonly #scheme: string;

  private constructor(http: Server, behaviour: ServerBehaviour) {
    this.#http = http;
    this.#scheme = behaviour.tls === undefined ? 'ws' : 'wss';
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    let upgrades = 0;
    http.on('upgrade', (request, socket, head) => {
      const status = behaviour.refuse?.(upgrades++) ?? null;
      if (status !== null) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const call: ReceivedCall = {
          headers: request.headers,
          path: request.url ?? '',
          openedAt: performance.now(),
          socket: webSocket,
          messages: [],
          closeCode: null,
        };
        this.calls.push(call);
        webSocket.on('message', (data, binary) => {
          call.messages.push({ at: performance.now(), binary, text: String(data) });
        });
        webSocket.on('close', (code) => {
          call.closeCode = code;
        });
        webSocket.on('error', () => {});
        behaviour.accepted?.(call);
      });
    });
  }

  static async start(behaviour: ServerBehaviour = {}): Promise<RecordingServer> {
    const http = behaviour.tls === undefined ? createHttpServer() : createHttpsServer(behaviour.tls);
    const server = new RecordingServer(http, behaviour);
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${(this.#http.address() as AddressInfo).port}/audio`;
  }

  call(callConnectionId: string): ReceivedCall {
    const found = this.calls.find((call) => call.headers['x-ms-call-connection-id'] === callConnectionId);
    if (found === undefined) throw new Error(`the server has not seen a call ${callConnectionId}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const call of this.calls) call.socket.terminate();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

export interface AudioData {
  readonly timestamp: string;
  readonly participantRawID?: string;
  readonly data: string;
  readonly silent: boolean;
}

export type Judgement =
  | { readonly outcome: 'committed'; readonly audio: AudioData }
  | { readonly outcome: 'control' | 'ignored' | 'malformed_json' | 'malformed_audio' };

/** What the contract says that a message counts as, decided the slow and obvious way. */
export function judge({ binary, text }: { readonly binary: boolean; readonly text: string }): Judgement {
  if (binary) return { outcome: 'ignored' };
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { outcome: 'malformed_json' };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) return { outcome: 'malformed_json' };
  const { kind, audioData } = message as { kind?: string; audioData?: AudioData };
  if (kind === undefined) return { outcome: 'malformed_json' };
  if (kind === 'AudioMetadata' || kind === 'DtmfData') return { outcome: 'control' };
  if (kind !== 'AudioData') return { outcome: 'ignored' };
  if (audioData === undefined) return { outcome: 'malformed_json' };
  const bytes = Buffer.from(audioData.data, 'base64');
  const strict = bytes.toString('base64') === audioData.data;
  if (!strict || bytes.length % 2 !== 0 || (bytes.length === 0 && !audioData.silent)) {
    return { outcome: 'malformed_audio' };
  }
  return { outcome: 'committed', audio: audioData };
}

/** The audio of a call by participant ('' is the mixed stream), in the order of arrival. */
export function audioOf(call: ReceivedCall): Map<string, AudioData[]> {
  const streams = new Map<string, AudioData[]>();
  for (const message of call.messages) {
    const judgement = judge(message);
    if (judgement.outcome !== 'committed') continue;
    const id = judgement.audio.participantRawID ?? '';
    const stream = streams.get(id) ?? [];
    stream.push(judgement.audio);
    streams.set(id, stream);
  }
  return streams;
}

/** Lays frames at their place in time, zeros elsewhere: what a recorder with endless patience would do. */
export function record(frames: readonly AudioData[], bytesPerFrame: number): Uint8Array {
  const times = frames.map((frame) => Date.parse(frame.timestamp));
  const first = Math.min(...times);
  const out = new Uint8Array(((Math.max(...times) - first) / 20 + 1) * bytesPerFrame);
  frames.forEach((frame, i) => {
    out.set(Buffer.from(frame.data, 'base64'), ((times[i]! - first) / 20) * bytesPerFrame);
  });
  return out;
}
