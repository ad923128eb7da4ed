/**
 * One WebSocket to a model: JSON events, one a message. Worker thread. Invariant: `closed` is called once, whatever ends it, unless
 * it was closed from here.
 */
import WebSocket from 'ws';
import type { ModelEvent } from './dialect.ts';
import type { AgentSettings } from './settings.ts';

export interface ModelSocketListener {
  event(event: ModelEvent): void;
  closed(reason: string): void;
}

const handshakeTimeoutMs = 10_000;
/** The protocol has no heartbeat, so a dead connection would look like a model that thinks. */
const pingMs = 15_000;
/** What waits for a model that does not read: twenty seconds of audio. */
const waitingBytesMax = 2 ** 20;
const messageBytesMax = 8 * 2 ** 20;

export class ModelSocket {
  private readonly socket: WebSocket;
  private readonly listener: ModelSocketListener;
  private readonly pinging: NodeJS.Timeout;
  private isAnswered = true;
  private isClosed = false;
  private reason: string | null = null;

  constructor({ url, key, keyHeader }: AgentSettings, listener: ModelSocketListener) {
    this.listener = listener;
    this.socket = new WebSocket(url, {
      headers: keyHeader === 'api-key' ? { 'api-key': key } : { authorization: `Bearer ${key}` },
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: messageBytesMax,
      perMessageDeflate: false,
    });
    this.pinging = setInterval(() => this.ping(), pingMs);
    this.socket
      .on('message', (data: Buffer, isBinary) => this.take(data, isBinary))
      .on('pong', () => {
        this.isAnswered = true;
      })
      // A close always follows.
      .on('error', (error) => {
        this.reason ??= error.message;
      })
      .on('close', (code, text) => this.end(`closed with ${code} ${text}`.trim()));
  }

  /** What is sent to a socket that is not open is lost: its session is over as well. */
  send(event: object): void {
    this.sendText(JSON.stringify(event));
  }

  /** Audio that the model hears, as base64. */
  append(audio: string): void {
    this.sendText(`{"type":"input_audio_buffer.append","audio":"${audio}"}`);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    clearInterval(this.pinging);
    // It ends by itself after thirty seconds if the other end does not answer.
    this.socket.close(1000);
  }

  private sendText(text: string): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    this.socket.send(text);
    if (this.socket.bufferedAmount > waitingBytesMax) this.break('it does not read');
  }

  private take(data: Buffer, isBinary: boolean): void {
    this.isAnswered = true;
    if (this.isClosed || isBinary) return;
    let event: ModelEvent;
    try {
      event = JSON.parse(data.toString()) as ModelEvent;
    } catch {
      return;
    }
    if (typeof event?.type === 'string') this.listener.event(event);
  }

  private ping(): void {
    if (this.socket.readyState !== WebSocket.OPEN) return;
    if (!this.isAnswered) {
      this.break('it does not answer');
      return;
    }
    this.isAnswered = false;
    this.socket.ping();
  }

  private break(reason: string): void {
    this.reason ??= reason;
    this.socket.terminate();
  }

  private end(reason: string): void {
    clearInterval(this.pinging);
    if (this.isClosed) return;
    this.isClosed = true;
    this.listener.closed(this.reason ?? reason);
  }
}
