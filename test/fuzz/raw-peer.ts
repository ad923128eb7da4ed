/** A peer on a bare TCP socket: writes what it is told, byte by byte, and keeps what comes back. */
import { createConnection, type Socket } from 'node:net';
import { frame, opcode, serverFrames } from './frame.ts';

/** An upgrade as ACS sends it. */
export function upgradeRequest(path = '/audio', headers: readonly string[] = []): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    'Host: gateway',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...headers,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A gateway that refuses streams for longer than that does not recover. */
const busyMsMax = 5_000;

export class RawPeer {
  readonly socket: Socket;
  /** When the connection is gone, from whichever side. */
  readonly closed: Promise<void>;
  isClosed = false;
  /** Everything that came, without what `takeHead` took. */
  private received: Buffer = Buffer.alloc(0);
  private wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        this.wake();
        resolve();
      });
    });
    socket.on('data', (data) => {
      this.received = Buffer.concat([this.received, data]);
      this.wake();
    });
    // A broken connection is an end like any other.
    socket.on('error', () => {});
    socket.setNoDelay(true);
  }

  /** A bare connection. */
  static connect(port: number, host = '127.0.0.1'): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawPeer(socket));
      });
    });
  }

  /** A connection with the upgrade behind it. Tries again for a while when there is no room, later each time, as ACS does. */
  static async open(port: number, request: string = upgradeRequest(), host = '127.0.0.1'): Promise<RawPeer> {
    const giveUpMs = performance.now() + busyMsMax;
    for (let waitMs = 100; ; waitMs = Math.min(2 * waitMs, 3200)) {
      const peer = await RawPeer.connect(port, host);
      peer.write(request);
      const head = await peer.head();
      if (head.startsWith('HTTP/1.1 101')) return peer;
      peer.finish();
      // Where too many are waiting already, a connection is cut off before it is read.
      const hasNoRoom = head === '' || head.startsWith('HTTP/1.1 503');
      if (!hasNoRoom || performance.now() > giveUpMs) {
        throw new Error(`the upgrade was refused: ${head}`);
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  write(bytes: Uint8Array | string): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes);
  }

  /** The head of an answer, once it is whole; what came instead when the connection ends. */
  async head(): Promise<string> {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      if (end >= 0) {
        const head = this.received.subarray(0, end).toString('latin1');
        this.received = this.received.subarray(end + 4);
        return head;
      }
      if (this.isClosed) return this.received.toString('latin1');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Returns when anything has come, or the connection is gone. */
  async something(): Promise<void> {
    while (this.received.length === 0 && !this.isClosed) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Everything that came and was not taken yet. */
  get bytes(): Buffer {
    return this.received;
  }

  /** The code and the reason of the server's close frame; null when it has sent none. 1005 for an empty one. */
  get closeFrame(): { readonly code: number; readonly reason: string } | null {
    const found = serverFrames(this.received).frames.find((each) => each.opcode === opcode.close);
    if (found === undefined) return null;
    const { payload } = found;
    return payload.length < 2
      ? { code: 1005, reason: '' }
      : { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
  }

  get pongs(): number {
    return serverFrames(this.received).frames.filter((each) => each.opcode === opcode.pong).length;
  }

  /** Returns when the server has dealt with everything that was written before. Takes what came until then. */
  async barrier(): Promise<void> {
    this.write(frame({ opcode: opcode.ping, payload: 'barrier' }));
    for (;;) {
      const { frames, used } = serverFrames(this.received);
      const isThere = frames.some((each) => each.opcode === opcode.pong && each.payload.toString() === 'barrier');
      if (isThere) {
        this.received = this.received.subarray(used);
        return;
      }
      if (this.isClosed) throw new Error('closed before the answer to a ping');
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Says that nothing more will come. */
  finish(): void {
    if (!this.socket.destroyed) this.socket.end();
  }

  /** Breaks off with a RST. */
  reset(): void {
    if (!this.socket.destroyed) this.socket.resetAndDestroy();
  }
}
