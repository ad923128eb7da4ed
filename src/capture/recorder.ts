/**
 * What the front end tells a capture: sockets that begin and end, and every message, into the queue. Never waits. What finds
 * no room is lost as a whole message, counted, and noted in the file at the place where it is missing. Main thread.
 *
 * Invariant: messages offered = messages written + messages dropped + messages in the queue.
 */
import { type Ending, type Opening, recordKind } from './format.ts';
import type { QueueWriter } from './queue.ts';

/** What is read of a request, synchronously. */
interface Request {
  forEach(visit: (name: string, value: string) => void): void;
}

/** What an upgrade says that a replay needs. */
export interface Upgrade {
  readonly path: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A socket that is not in the file: there was no room for its beginning. Other sockets have numbers from 1 on. */
export const notCaptured = 0;

/** Other headers of Azure carry tokens and names of users (`x-ms-token-…`, `x-ms-client-principal`). */
const callHeader = /^x-ms-call-[a-z-]{1,64}$/;
const headersMax = 16;
const headerCharsMax = 256;
/** Beginnings, ends and losses that wait for room; beyond them new sockets are not captured. */
const waitingMax = 20_000;
const socketsMax = 2 ** 32 - 1;

interface Loss {
  messages: number;
  bytes: number;
}
interface Note {
  readonly kind: number;
  readonly socket: number;
  readonly nowMs: number;
  readonly body: Buffer;
}

export class CaptureRecorder {
  private readonly queue: QueueWriter;
  /** The setting `--path`: what stands behind it may be a secret. */
  private readonly path: string;
  private sockets = 0;
  private readonly waiting: Note[] = [];
  private readonly lost = new Map<number, Loss>();
  /** Messages that came, and those that are in no file. */
  offered = 0;
  dropped = 0;

  constructor(queue: QueueWriter, path: string) {
    this.queue = queue;
    this.path = path;
  }

  upgrade(request: Request, path: string, address: string): Upgrade {
    const headers: Record<string, string> = {};
    let count = 0;
    request.forEach((name, value) => {
      if (count < headersMax && callHeader.test(name)) {
        headers[name] = value.slice(0, headerCharsMax);
        count++;
      }
    });
    return { path: path.length > this.path.length ? `${this.path}/***` : path, address, headers };
  }

  /** Returns the socket's number. */
  opened(upgrade: Upgrade | null, stream: string, nowMs: number): number {
    if (upgrade === null || this.waiting.length >= waitingMax) return notCaptured;
    const opening: Opening = { at: Date.now(), stream, ...upgrade };
    // Of 32 bits in the queue. The one that had the number before has ended long ago.
    this.sockets = this.sockets >= socketsMax ? 1 : this.sockets + 1;
    const socket = this.sockets;
    this.note(recordKind.open, socket, nowMs, opening);
    return socket;
  }

  /** `bytes` may die as soon as this returns. */
  message(socket: number, bytes: Uint8Array, isBinary: boolean, nowMs: number): void {
    this.offered++;
    const isBehind = this.waiting.length > 0 || this.lost.size > 0;
    if (socket === notCaptured || (isBehind && !this.catchUp(socket, nowMs))) this.lose(socket, bytes.length);
    else if (!this.queue.push(isBinary ? recordKind.binary : recordKind.text, socket, nowMs, bytes)) {
      this.lose(socket, bytes.length);
    }
  }

  /** A socket resumes a stream that another socket had. */
  resumed(socket: number, stream: string, nowMs: number): void {
    this.note(recordKind.resumed, socket, nowMs, { stream });
  }

  ended(socket: number, code: number, cause: string, nowMs: number): void {
    if (socket === notCaptured) return;
    this.noteLoss(socket, nowMs, true);
    this.note(recordKind.end, socket, nowMs, { code, cause } satisfies Ending);
  }

  /** Writes the records that wait, as far as there is room. */
  finish(nowMs: number): void {
    for (const socket of [...this.lost.keys()]) this.noteLoss(socket, nowMs, true);
    this.flush();
  }

  /** The thread will write no more: what is in the queue is lost. */
  abandon(messagesWritten: number): void {
    this.dropped = this.offered - messagesWritten;
  }

  private lose(socket: number, bytes: number): void {
    this.dropped++;
    const loss = this.lost.get(socket);
    if (loss === undefined) this.lost.set(socket, { messages: 1, bytes });
    else {
      loss.messages++;
      loss.bytes += bytes;
    }
  }

  /** Whether a message of this socket may go into the queue: everything that belongs before it is there. */
  private catchUp(socket: number, nowMs: number): boolean {
    // Else room for a note, but not for a message, would be filled with notes.
    if (this.queue.isHalfFull) return false;
    this.noteLoss(socket, nowMs);
    if (this.lost.has(notCaptured)) this.noteLoss(notCaptured, nowMs);
    return this.waiting.length === 0;
  }

  private noteLoss(socket: number, nowMs: number, isLast = false): void {
    // A note that has to wait would grow old: more is lost meanwhile.
    if (!this.flush() && !isLast) return;
    const loss = this.lost.get(socket);
    if (loss === undefined) return;
    this.lost.delete(socket);
    this.note(recordKind.lost, socket, nowMs, loss);
  }

  private note(kind: number, socket: number, nowMs: number, body: object): void {
    this.waiting.push({ kind, socket, nowMs, body: Buffer.from(JSON.stringify(body)) });
    this.flush();
  }

  /** Returns whether nothing waits any more. */
  private flush(): boolean {
    const { waiting } = this;
    let written = 0;
    while (written < waiting.length) {
      const { kind, socket, nowMs, body } = waiting[written]!;
      if (!this.queue.push(kind, socket, nowMs, body)) break;
      written++;
    }
    if (written > 0) waiting.splice(0, written);
    return waiting.length === 0;
  }
}
