/** A caller whose address, headers and bytes a test chooses: in front of a balancer that must not believe any of them. */
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';

export interface Dial {
  /** Our own address: any of 127.0.0.0/8. */
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Dialled {
  /** 101, or the status of the refusal; 0 if there was no answer. */
  readonly status: number;
  readonly socket: WebSocket;
  /** The code with which it is closed. */
  readonly closed: Promise<number>;
}

export async function dial(url: string, { from = '127.0.0.1', headers = {} }: Dial = {}): Promise<Dialled> {
  const options = { headers, localAddress: from, rejectUnauthorized: false, perMessageDeflate: false };
  const socket = new WebSocket(url, options);
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  const status = await new Promise<number>((resolve) => {
    socket.on('error', () => resolve(0));
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (request, response) => {
      request.destroy();
      resolve(response.statusCode ?? 0);
    });
  });
  return { status, socket, closed };
}

/** Dials again while there is no room: a gateway on a busy machine refuses for a moment. */
export async function dialUntilLetIn(url: string, options?: Dial): Promise<Dialled> {
  for (let attempt = 1; ; attempt++) {
    const dialled = await dial(url, options);
    if (dialled.status === 101) return dialled;
    if (attempt === 20) throw new Error(`the upgrade was refused with ${dialled.status}, ${attempt} times`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

export async function hangUp({ socket, closed }: Dialled): Promise<number> {
  socket.close(1000);
  return closed;
}

/** Version 2 of the PROXY protocol: "I speak for this address". */
export function proxyHeader(client: string): Buffer {
  const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
  const addresses = Buffer.from([...client.split('.').map(Number), 127, 0, 0, 1, 0x30, 0x39, 0x1f, 0x90]);
  return Buffer.concat([signature, Buffer.from([0x21, 0x11, 0, addresses.length]), addresses]);
}

/** Writes bytes to a port, with or without TLS, and returns what comes back within a second: the first line, or nothing. */
export async function firstLine(
  port: number,
  bytes: Buffer,
  { tls = false, from = '127.0.0.1' } = {},
): Promise<string> {
  const options = { port, host: '127.0.0.1', localAddress: from, rejectUnauthorized: false };
  const socket: Socket = tls ? connectTls(options) : connectTcp(options);
  socket.on('error', () => {});
  await Promise.race([once(socket, tls ? 'secureConnect' : 'connect'), once(socket, 'close')]);
  let received = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  socket.write(bytes);
  const timer = setTimeout(() => socket.destroy(), 1000);
  while (!socket.destroyed && !received.includes('\r\n')) await new Promise((resolve) => setTimeout(resolve, 10));
  clearTimeout(timer);
  socket.destroy();
  return received.split('\r\n')[0]!;
}
