/**
 * Whether a port can be listened on, looked at before: the kernel says nothing of another process of the same user that shares the port, and
 * would lead half of its connections to us. So who listens there is asked, in its own protocol. Main thread.
 */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { GatewayError } from '../base/errors.ts';

/**
 * Who else may listen on the port. `alone`: nobody. `ask`: gateways that share it too, which is asked. `known`: whoever the parent has
 * started there.
 */
export type Sharing = 'alone' | 'ask' | 'known';

export interface PortWish {
  readonly host: string;
  readonly port: number;
  readonly sharing?: Sharing | undefined;
  /** Null: what listens there is asked in the clear. */
  readonly tls: object | null;
}

/** By this header of `/healthz` a gateway says that it shares its port. */
export const sharingHeader = { 'Acs-Gateway-Port': 'shared' } as const;
const sharingLine = /\r\nacs-gateway-port: *shared\r\n/i;

const askMsMax = 1_000;
/** A gateway that has too many connections cuts some off without an answer. */
const asksMax = 3;
const headBytesMax = 16 * 1024;

/** The port, for 0 one that is free now. Throws `listen_failed`. */
export async function portToListenOn(wish: PortWish): Promise<number> {
  const { host, port, sharing = 'alone' } = wish;
  if (sharing === 'known') return port;
  if (sharing === 'ask' && port !== 0) {
    if (await mayJoin(wish)) return port;
    throw cannotListen(host, port, 'what listens there does not share it (--share-port)');
  }
  const free = await freePort(host, port);
  if (free === null) throw cannotListen(host, port);
  return free;
}

export function cannotListen(host: string, port: number, why = 'it is taken, or this machine has no such address') {
  return new GatewayError('listen_failed', `cannot listen on ${host} port ${port}: ${why}`);
}

/** The port if it is free, any free one for 0, else null. */
function freePort(host: string, port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(null));
    probe.listen({ host, port, exclusive: true }, () => {
      const found = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(found));
    });
  });
}

/** What does not answer at all may be a gateway that hangs, of which the others must not be kept from their port. */
async function mayJoin(wish: PortWish): Promise<boolean> {
  for (let asked = 0; asked < asksMax; asked++) {
    const answer = await ask(wish);
    if (answer !== 'cut off') return answer !== 'other';
  }
  return false;
}

function ask({ host, port, tls }: PortWish): Promise<'nobody' | 'shared' | 'other' | 'silent' | 'cut off'> {
  return new Promise((resolve) => {
    const socket: Socket =
      tls === null ? connect({ host, port }) : connectTls({ host, port, rejectUnauthorized: false });
    let head = '';
    const settle = (answer: 'nobody' | 'shared' | 'other' | 'silent' | 'cut off') => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => settle('silent'), askMsMax);
    socket.on('data', (chunk: Buffer) => {
      head += chunk.toString('latin1');
      const isWhole =
        head.includes('\r\n\r\n') || head.length > headBytesMax || !'HTTP/1.'.startsWith(head.slice(0, 7));
      if (isWhole) settle(sharingLine.test(head) ? 'shared' : 'other');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET') settle('cut off');
      // Nobody listens there, or it is no address of this machine, which listening says.
      else settle(error.syscall === 'connect' ? 'nobody' : 'other');
    });
    socket.on('close', () => settle(head === '' ? 'cut off' : 'other'));
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  });
}
