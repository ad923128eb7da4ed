/**
 * The console's WebSockets; the one place where the console meets `ws`. What peers can make us hold is bounded: a message of theirs, and what was
 * handed over to be sent. Main thread.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { awakeClock } from '../base/awake-clock.ts';
import { consoleLimits } from '../base/console-limits.ts';
import { sessionOverCode } from './wire.ts';

/** Codes with which we close. */
export const consoleClose = { over: 1000, goingAway: 1001, policy: 1008, sessionOver: sessionOverCode } as const;

/** A peer that has not answered our close frame by then is cut off; when the gateway ends nothing waits for it. */
const closeMs = 250;

export interface ConsoleSocketHandlers {
  readonly onText: (text: string) => void;
  /** Once, whatever the reason. */
  readonly onClosed: () => void;
}

export class ConsoleSocket {
  private readonly socket: WebSocket;
  private readMs = performance.now();
  private messagesLeft: number = 2 * consoleLimits.messagesPerSecond;

  constructor(socket: WebSocket) {
    this.socket = socket;
    // What it sends says nothing of what it reads: only the answer to a ping, which stands behind all that was sent, does.
    socket.on('pong', () => {
      this.readMs = performance.now();
    });
    // `close` follows.
    socket.on('error', () => {});
  }

  handle({ onText, onClosed }: ConsoleSocketHandlers): void {
    this.socket.on('message', (data: RawData, isBinary: boolean) => {
      if (--this.messagesLeft < 0 || isBinary) this.close(consoleClose.policy, 'not what a page sends');
      else onText(data.toString());
    });
    this.socket.once('close', onClosed);
  }

  /** Bytes that the peer has not read yet, as far as they are in this process. */
  get unsentBytes(): number {
    return this.socket.bufferedAmount;
  }

  /** @param onSent the system has taken it */
  sendText(text: string | Uint8Array, onSent: () => void = () => {}): void {
    this.socket.send(text, { binary: false }, onSent);
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes, { binary: true });
  }

  /** Once a second: asks whether the peer reads, and cuts it off when it has not for too long. */
  check(): void {
    this.messagesLeft = Math.min(
      2 * consoleLimits.messagesPerSecond,
      this.messagesLeft + consoleLimits.messagesPerSecond,
    );
    if (awakeClock.since(this.readMs) > consoleLimits.deafMs) this.socket.terminate();
    else if (this.socket.readyState === this.socket.OPEN) this.socket.ping();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
    setTimeout(() => this.socket.terminate(), closeMs).unref();
  }
}

export class ConsoleSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: consoleLimits.messageBytesMax,
  });

  /** @param onOpen with the socket; what it returns hears of it */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    onOpen: (open: ConsoleSocket) => ConsoleSocketHandlers,
  ): void {
    this.server.handleUpgrade(request, socket, head, (webSocket) => {
      const open = new ConsoleSocket(webSocket);
      open.handle(onOpen(open));
    });
  }
}

/** Answers an upgrade with something else. */
export function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
