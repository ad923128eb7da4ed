/** The other end of the demonstration: takes forwarded audio, measures its pace, keeps it. Any thread. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { Delays } from './delay.ts';
import type { Account, Hello } from './forwarder.ts';

export interface Received {
  readonly hello: Hello;
  readonly account: Account;
  readonly frames: number;
  /** Between two frames. */
  readonly intervalMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface ReceiverOptions {
  readonly port: number;
  /** Where raw PCM is written, a file per connection; null: nowhere. */
  readonly folder: string | null;
  readonly onReceived: (received: Received) => void;
}

export class Receiver {
  private readonly server: WebSocketServer;
  private readonly options: ReceiverOptions;
  private connections = 0;

  private constructor(options: ReceiverOptions) {
    this.options = options;
    this.server = new WebSocketServer({ host: '127.0.0.1', port: options.port });
    this.server.on('connection', (socket) => this.hear(socket));
  }

  static async listen(options: ReceiverOptions): Promise<Receiver> {
    const receiver = new Receiver(options);
    const listening = Promise.withResolvers<void>();
    receiver.server.once('listening', listening.resolve);
    receiver.server.once('error', listening.reject);
    await listening.promise;
    return receiver;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  /** Resolves when every connection has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private hear(socket: WebSocket): void {
    const file = this.createFile(++this.connections);
    const intervals = new Delays();
    let hello: Hello | null = null;
    let frames = 0;
    let lastMs = Number.NaN;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) {
        const nowMs = performance.now();
        if (frames++ > 0) intervals.add(nowMs - lastMs);
        lastMs = nowMs;
        if (file !== null) appendFileSync(file, data);
        return;
      }
      const message = JSON.parse(data.toString()) as Hello | Account;
      if (message.type === 'audio') hello = message;
      else if (hello !== null) {
        const [p50, p99, max] = [0.5, 0.99, 1].map((share) => intervals.percentile(share)) as [number, number, number];
        this.options.onReceived({ hello, account: message, frames, intervalMs: { p50, p99, max } });
      }
    });
  }

  private createFile(number: number): string | null {
    const { folder } = this.options;
    if (folder === null) return null;
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `${number}.pcm`);
    writeFileSync(file, '');
    return file;
  }
}
