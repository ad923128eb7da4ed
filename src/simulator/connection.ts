/**
 * One WebSocket to the server under test, dialled as ACS dials: no sub-protocol, no extension. The only import of `ws`.
 * Main thread. Invariant: exactly one of `refused`, `failed` and `closed` is called, once, and nothing after it; `closed`
 * only after `open`.
 */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';

export interface ConnectionEvents {
  open(): void;
  /** The server answered the upgrade with this HTTP status. */
  refused(status: number): void;
  /** There never was a connection: refused, no such host, a bad certificate, no answer. */
  failed(reason: string): void;
  /** The close code that the server sent, 1005 if it sent none, 1006 if the connection broke. */
  closed(code: number): void;
  /** One that the server sent. */
  message(data: Buffer, isBinary: boolean): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Accept a certificate that no authority has signed. */
  readonly insecure: boolean;
}

const handshakeTimeoutMs = 10_000;
/** Three minutes of speech in one message. A longer one ends the connection with 1009. */
const messageBytesMax = 8 * 1024 * 1024;

const sendText = { binary: false, mask: true, compress: false, fin: true } as const;
const sendBinary = { ...sendText, binary: true } as const;

/** Leaves the mask zero, with which `ws` skips masking: frame.ts says why that is fine here. */
function zeroMask(): void {}

/** A reason that is short, stable enough to count by, and says what to do where that is known. */
function reasonOf(error: Error & { code?: string }): string {
  switch (error.code) {
    case 'ECONNREFUSED':
      return 'connection refused (ECONNREFUSED): is the server running, and is this its port?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no such host (${error.code})`;
    case 'EMFILE':
    case 'ENFILE':
      return `too many open files (${error.code}): raise the limit with ulimit -n`;
    case 'EADDRNOTAVAIL':
      return 'no local port left for another connection to this address (EADDRNOTAVAIL)';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the server's certificate cannot be verified (${error.code}): --insecure accepts it`;
    case undefined:
      return error.message;
    default:
      return `${error.code}: ${error.message}`.slice(0, 200);
  }
}

export class Connection {
  private readonly socket: WebSocket;
  private stream: Duplex | null = null;
  private state: 'connecting' | 'open' | 'ended' = 'connecting';
  private epochs = 0;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    const socket = new WebSocket(options.url, [], {
      headers: options.headers,
      handshakeTimeout: handshakeTimeoutMs,
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
      generateMask: zeroMask,
      rejectUnauthorized: !options.insecure,
    });
    this.socket = socket;
    socket.on('upgrade', (response) => {
      this.stream = response.socket;
    });
    socket.on('open', () => {
      this.state = 'open';
      events.open();
    });
    // With the binary type of a client in Node.js, which is a buffer of its own.
    socket.on('message', (data: Buffer, isBinary) => events.message(data, isBinary));
    socket.on('unexpected-response', (_request, response) => {
      this.end(() => events.refused(response.statusCode ?? 0));
      socket.terminate();
    });
    socket.on('error', (error) => {
      // After the upgrade an error is followed by `close` with its code, which says it all.
      if (this.state === 'connecting') this.end(() => events.failed(reasonOf(error)));
    });
    socket.on('close', (code) => {
      if (this.state === 'open') this.end(() => events.closed(code));
      else this.end(() => events.failed('the server closed the connection during the upgrade'));
    });
  }

  private end(report: () => void): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    report();
  }

  /** Messages can be sent: false from the moment the server begins to close. */
  get isOpen(): boolean {
    return this.state === 'open' && this.socket.readyState === WebSocket.OPEN;
  }

  /** Bytes that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.socket.bufferedAmount;
  }

  /** Counts the times at which nothing was held here any more: a buffer sent in an earlier epoch is free again. */
  get epoch(): number {
    if (this.socket.bufferedAmount === 0) this.epochs++;
    return this.epochs;
  }

  /** Sends one message. The bytes must not change before `epoch` does. */
  send(message: Buffer, binary = false): void {
    this.socket.send(message, binary ? sendBinary : sendText);
  }

  /** Returns the bytes of the message. */
  sendText(text: string): number {
    const message = Buffer.from(text);
    this.send(message);
    return message.length;
  }

  /**
   * Sends a whole frame (frame.ts) past `ws`, which without extensions writes every frame at once and keeps none back: so
   * frames cannot mix. Only while `isOpen`. The bytes must not change before `epoch` does.
   */
  sendFrame(frame: Buffer): void {
    this.stream!.write(frame);
  }

  /** Holds messages back until `uncork`, which hands them to the kernel together. */
  cork(): void {
    this.stream?.cork();
  }

  uncork(): void {
    this.stream?.uncork();
  }

  /** Reads nothing until `resume`, as if the network stood still. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Sends a close frame after everything sent so far; without a code if there is none. */
  close(code?: number): void {
    this.socket.close(code);
  }

  /** Cuts the connection, or gives up connecting. */
  terminate(): void {
    this.socket.terminate();
  }
}
