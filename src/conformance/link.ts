/**
 * One open WebSocket to the server under test, on a bare socket: any byte that is sent can be right or wrong, and what comes
 * back is recorded. Main thread. Invariant: nothing that the server sends throws, and the record is bounded.
 */
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { clientFrame, opcode } from '../simulator/frame.ts';
import { outboundProblem } from './outbound.ts';
import { closeFrame, FrameReader } from './wire.ts';

/** How a connection ended. */
export interface Ending {
  /** 1005: a close frame without a code; 1006: none at all. */
  readonly code: number;
  readonly atMs: number;
  /** As the end of "the server …". */
  readonly seen: string;
}

/** A peer that sends more is no longer read. */
const receivedBytesMax = 64 * 2 ** 20;
const keptMax = 8;
const sentKeptMax = 256;

export class Link {
  /** Null while it is open, as far as this side knows. */
  ending: Ending | null = null;
  /** How the server violated the WebSocket protocol. */
  readonly faults: string[] = [];
  /** Messages that ACS is not known to accept; no fault of the protocol. */
  readonly anomalies = new Set<string>();
  /** Called with each text meant for ACS. */
  onText: ((text: string) => void) | null = null;
  /** Well-formed messages for ACS. */
  outboundCount = 0;
  private readonly socket: Duplex;
  private readonly tcp: Socket;
  private readonly waiting = new Map<string, (ms: number) => void>();
  private readonly watchers = new Set<() => void>();
  private readonly sent = new Set<string>();
  private receivedBytes = 0;
  private pings = 0;

  /** `early` came together with the answer to the upgrade. */
  constructor(socket: Duplex, tcp: Socket, early: Buffer) {
    this.socket = socket;
    this.tcp = tcp;
    const reader = new FrameReader({
      message: (text, byteCount) => this.heard(text, byteCount),
      ping: (payload) => this.write(clientFrame(opcode.pong, payload)),
      pong: (payload) => this.waiting.get(payload.toString('latin1'))?.(performance.now()),
      close: (code) => {
        this.end(code, `closed it with ${code === 1005 ? 'a close frame without a code' : code}`);
        this.write(closeFrame(code === 1005 ? null : code));
        this.socket.end();
      },
      fault: (what) => {
        this.faults.push(what);
        this.destroy('was given up');
      },
    });
    const take = (chunk: Buffer) => {
      this.receivedBytes += chunk.length;
      if (this.receivedBytes > receivedBytesMax) {
        this.faults.push(`more than ${receivedBytesMax / 2 ** 20} MiB for one call`);
        this.destroy('was given up');
      } else reader.take(chunk);
    };
    socket.on('data', take);
    socket.on('end', () => this.end(1006, 'closed it without a close frame'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end(1006, error.code === 'ECONNRESET' ? 'broke it off (reset)' : `broke it off (${error.code ?? 'error'})`);
    });
    socket.on('close', () => this.end(1006, 'closed it without a close frame'));
    if (early.length > 0) take(early);
  }

  private end(code: number, seen: string): void {
    if (this.ending !== null) return;
    this.ending = { code, seen, atMs: performance.now() };
    for (const wake of this.watchers) wake();
    this.watchers.clear();
  }

  private heard(text: string | null, byteCount: number): void {
    if (text !== null && this.sent.has(text)) this.note('our own messages, word for word');
    const problem = outboundProblem(text);
    if (problem === null) {
      this.outboundCount++;
      if (text !== null) this.onText?.(text);
    } else this.note(`${problem} (${byteCount} bytes)`);
  }

  private note(anomaly: string): void {
    if (this.anomalies.size < keptMax) this.anomalies.add(anomaly);
  }

  /** Bytes that the server has not accepted yet. */
  get queuedBytes(): number {
    return this.socket.writableLength;
  }

  get isOpen(): boolean {
    return this.ending === null;
  }

  write(bytes: Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  send(text: string): void {
    if (this.sent.size < sentKeptMax) this.sent.add(text);
    this.write(clientFrame(opcode.text, text));
  }

  sendBinary(bytes: Uint8Array): void {
    this.write(clientFrame(opcode.binary, bytes));
  }

  /** Round-trip time in ms; null when no answer came in time, or the connection ended. */
  async ping(timeoutMs: number, payload = `check ${++this.pings}`): Promise<number | null> {
    const startMs = performance.now();
    let answeredMs: number | null = null;
    const answered = new Promise<void>((resolve) => {
      this.waiting.set(payload, (nowMs) => {
        answeredMs = nowMs;
        resolve();
      });
    });
    this.write(clientFrame(opcode.ping, payload));
    await this.race(answered, timeoutMs);
    this.waiting.delete(payload);
    return answeredMs === null ? null : answeredMs - startMs;
  }

  /** Returns when the connection has ended or the time is over. */
  async ended(timeoutMs: number): Promise<Ending | null> {
    await this.race(new Promise(() => {}), timeoutMs);
    return this.ending;
  }

  private async race(other: Promise<void>, timeoutMs: number): Promise<void> {
    if (this.ending !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const watchers = this.watchers;
      function done(): void {
        clearTimeout(timer);
        watchers.delete(done);
        resolve();
      }
      watchers.add(done);
      other.then(done);
    });
  }

  /** Sends a close frame and waits for the answer. */
  close(code: number | null, timeoutMs: number): Promise<Ending | null> {
    this.write(closeFrame(code));
    return this.ended(timeoutMs);
  }

  /** Ends our side without a close frame (FIN). */
  finish(): void {
    this.socket.end();
  }

  /** Breaks off (RST). Node.js cannot reset a socket that is being shut down: it would never be closed. */
  reset(): void {
    const canReset = this.ending === null && this.queuedBytes === 0 && !this.tcp.writableEnded && !this.tcp.destroyed;
    this.end(1006, 'was cut off by us');
    if (!canReset) this.destroy();
    else {
      this.tcp.resetAndDestroy();
      // It must not keep the process alive.
      this.tcp.unref();
    }
  }

  /** Neither reads nor writes from now on: to the server, a peer that vanished. */
  freeze(): void {
    this.socket.pause();
  }

  /** Reads again. */
  thaw(): void {
    this.socket.resume();
  }

  destroy(seen = 'was cut off by us'): void {
    this.end(1006, seen);
    this.socket.destroy();
    this.tcp.destroy();
  }
}
