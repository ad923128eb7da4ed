/** One stream's connection, as ACS opens it: a bare socket, because a WebSocket library costs more than all the rest. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { before } from './deadline.ts';
import type { TlsClient } from './tls-client.ts';

const openDeadlineMs = 15_000;
const host = '127.0.0.1';

/** Descriptors that the process needs for itself. */
const descriptorsReserved = 64;

function descriptorLimit(): number {
  const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return match === null ? Number.POSITIVE_INFINITY : Number(match[1]);
}

/** The most streams that one process can open, on either side. */
export function streamsMax(): number {
  return descriptorLimit() - descriptorsReserved;
}

export function assertDescriptors(streams: number): void {
  if (streams > streamsMax()) {
    throw new Error(
      `${streams} streams need more files than a process may open (${descriptorLimit()}): raise ulimit -n`,
    );
  }
}

function upgradeRequest(path: string, callConnectionId: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    'Sec-WebSocket-Version: 13',
    `x-ms-call-connection-id: ${callConnectionId}`,
    '\r\n',
  ].join('\r\n');
}

/** What the server sends, in memory that is used again as soon as this returns. */
export type Hear = (bytes: Buffer, length: number) => void;

const readBytes = 64 * 1024;
// One for all sockets: what was read is dealt with before another one is.
const readBuffer = Buffer.alloc(readBytes);
const headEnd = '\r\n\r\n';

function upgraded(socket: Socket, opening: Opening): Promise<void> {
  return new Promise((resolve, reject) => {
    opening.onHead = (head) => {
      const [status] = head.split('\r\n');
      if (status!.startsWith('HTTP/1.1 101')) resolve();
      else reject(new Error(`the server refused a stream: ${status}`));
    };
    socket.on('error', (error: NodeJS.ErrnoException) => {
      const hint = error.code === 'EMFILE' ? ': raise ulimit -n' : '';
      reject(new Error(`a stream cannot be opened: ${error.message}${hint}`));
    });
    socket.on('close', () => reject(new Error('the server closed a stream instead of accepting it')));
  });
}

/** Tells the answer to the upgrade from what follows it. */
class Opening {
  onHead: (head: string) => void = () => {};
  private head: string | null = '';
  private readonly hear: Hear;

  constructor(hear: Hear) {
    this.hear = hear;
  }

  take(bytes: Buffer, length: number): void {
    if (this.head === null) {
      this.hear(bytes, length);
      return;
    }
    this.head += bytes.toString('latin1', 0, length);
    const end = this.head.indexOf(headEnd);
    if (end < 0) return;
    const { head } = this;
    this.head = null;
    this.onHead(head);
    const rest = Buffer.from(head.slice(end + headEnd.length), 'latin1');
    if (rest.length > 0) this.hear(rest, rest.length);
  }
}

/** Where streams are taken. */
export interface Place {
  readonly port: number;
  readonly path: string;
  /** Null: in the clear. */
  readonly tls: TlsClient | null;
}

/** Of a stream that comes back. */
export interface Tickets {
  /** Of the session before; null: there was none. */
  readonly last: Buffer | null;
  /** One for the next time. */
  take(ticket: Buffer): void;
}

/** Throws when the server refuses, or does not answer. What it sends later is for `hear`. */
export async function openStream(
  { port, path, tls }: Place,
  callConnectionId: string,
  hear: Hear = () => {},
  tickets: Tickets | null = null,
): Promise<Socket> {
  const opening = new Opening(hear);
  const callback = (length: number, bytes: Uint8Array): boolean => {
    opening.take(bytes as Buffer, length);
    return true;
  };
  const options = { port, host, noDelay: true, onread: { buffer: readBuffer, callback } };
  const socket = tls === null ? connect(options) : tls.connect(options, tickets?.last ?? null);
  if (tickets !== null) socket.on('session', (ticket: Buffer) => tickets.take(ticket));
  try {
    socket.write(upgradeRequest(path, callConnectionId));
    await before(openDeadlineMs, 'opening a stream', upgraded(socket, opening));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
