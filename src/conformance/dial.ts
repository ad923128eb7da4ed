/**
 * Dials the server under test: TCP, TLS, upgrade, each with a timeout. Main thread. Invariant: always returns an answer,
 * which says what the server did or failed to do.
 */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { acceptanceFaults, type RequestOptions, readHead, upgradeRequest } from './handshake.ts';
import { Link } from './link.ts';
import type { Target } from './target.ts';

export interface Answer {
  /** Of the HTTP answer; null when there was none. */
  readonly status: number | null;
  /** What happened, as the end of "the server …". */
  readonly seen: string;
  /** The connection itself failed. */
  readonly isUnreachable: boolean;
  /** Timed out. */
  readonly isSilent: boolean;
  /** Time from the request to the complete head of the answer. */
  readonly handshakeMs: number;
  readonly faults: readonly string[];
  /** With status 101 only. */
  readonly link: Link | null;
}

export interface DialOptions extends RequestOptions {
  /** Sent in place of a request. */
  readonly raw?: Uint8Array | string;
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED')
    return 'refuses the connection (ECONNREFUSED): is it running, and is this its port?';
  if (error.code === 'ENOTFOUND') return 'has no address (ENOTFOUND): is the name right?';
  if (error.code?.includes('CERT') || error.code?.includes('SIGNED')) {
    return `has a certificate that cannot be verified (${error.code}); --insecure takes it`;
  }
  return `cannot be connected: ${error.code ?? error.message}`;
}

/** A bare connection, with TLS if the address wants it. */
function connectTo(
  target: Target,
  timeoutMs: number,
): Promise<{ socket: Duplex; tcp: Socket } | NodeJS.ErrnoException> {
  const { url, insecure } = target;
  const isTls = url.protocol === 'wss:';
  const tcp = connect({ host: hostOf(url), port: Number(url.port) || (isTls ? 443 : 80), noDelay: true });
  const socket = isTls
    ? connectTls({
        socket: tcp,
        rejectUnauthorized: !insecure,
        ALPNProtocols: ['http/1.1'],
        // SNI takes a name, not an address.
        ...(/^[\d.]+$|:/.test(hostOf(url)) ? {} : { servername: hostOf(url) }),
        host: hostOf(url),
      })
    : tcp;
  return new Promise((resolve) => {
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      tcp.destroy();
      resolve(error);
    };
    const timer = setTimeout(() => fail(Object.assign(new Error(), { code: 'no connection in time' })), timeoutMs);
    tcp.on('error', fail);
    socket.on('error', fail);
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      resolve({ socket, tcp });
    });
  });
}

/** `track` gets every socket as soon as it exists, so that it is closed whatever happens. */
export async function dial(
  target: Target,
  timeoutMs: number,
  track: (end: () => void) => void,
  options: DialOptions = {},
): Promise<Answer> {
  const connected = await connectTo(target, timeoutMs);
  const nothing = { status: null, isUnreachable: false, isSilent: false, faults: [], link: null } as const;
  if (connected instanceof Error) return { ...nothing, isUnreachable: true, seen: reasonOf(connected), handshakeMs: 0 };
  const { socket, tcp } = connected;
  track(() => tcp.destroy());
  const key = randomBytes(16).toString('base64');
  const startMs = performance.now();
  socket.write(options.raw ?? upgradeRequest(target, key, options));

  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const finish = (answer: Partial<Answer> & { readonly seen: string }) => {
      clearTimeout(timer);
      socket.off('data', take);
      socket.off('end', ended);
      socket.off('close', ended);
      if (answer.link === undefined) tcp.destroy();
      resolve({ ...nothing, handshakeMs: performance.now() - startMs, ...answer });
    };
    const timer = setTimeout(() => {
      finish({ seen: `did not answer within ${Math.round(timeoutMs)} ms`, isSilent: true });
    }, timeoutMs);
    const ended = () => finish({ seen: 'closed the connection without an HTTP answer' });
    const take = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const head = readHead(received);
      if (head === null) return;
      if (head === 'garbage') {
        finish({ seen: 'answered with something that is not HTTP', faults: ['an answer that is not HTTP'] });
      } else if (head.status !== 101) finish({ status: head.status, seen: `answered with ${head.status}` });
      else {
        const link = new Link(socket, tcp, received.subarray(head.byteCount));
        finish({ status: 101, seen: 'accepted it', faults: acceptanceFaults(head, key), link });
      }
    };
    socket.on('data', take);
    socket.on('end', ended);
    socket.on('close', ended);
  });
}
