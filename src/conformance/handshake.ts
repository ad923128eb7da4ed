/**
 * The opening handshake as ACS does it (RFC 6455 section 4): the request, and the server's answer. Pure; any thread.
 * Invariant: any bytes are either a valid answer or garbage; nothing throws.
 */
import { createHash } from 'node:crypto';
import type { Target } from './target.ts';

/** A longer head is no answer to an upgrade. */
export const headBytesMax = 16_384;

const magic = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export interface RequestOptions {
  /** ACS's own: the ids of the call. */
  readonly callHeaders?: Readonly<Record<string, string>>;
  /** Without the WebSocket headers: the request of a browser or a scanner. */
  readonly isPlain?: boolean;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function upgradeRequest(target: Target, key: string, options: RequestOptions): string {
  const { url } = target;
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`;
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    ...(options.isPlain === true
      ? ['Connection: close']
      : ['Connection: Upgrade', 'Upgrade: websocket', `Sec-WebSocket-Key: ${key}`, 'Sec-WebSocket-Version: 13']),
    ...(url.username === '' ? [] : [`Authorization: Basic ${Buffer.from(credentials).toString('base64')}`]),
    ...Object.entries({ ...target.headers, ...options.callHeaders }).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

export interface Head {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Bytes of the head, with the empty line behind it. */
  readonly byteCount: number;
}

/** The head of an HTTP answer: null while incomplete, 'garbage' if it can never become one. */
export function readHead(bytes: Buffer): Head | 'garbage' | null {
  const start = bytes.subarray(0, 9).toString('latin1');
  if (!'HTTP/1.1 '.startsWith(start) && !'HTTP/1.0 '.startsWith(start)) return 'garbage';
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > headBytesMax ? 'garbage' : null;
  const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = /^HTTP\/1\.[01] (\d{3})( |$)/.exec(first)?.[1];
  if (status === undefined) return 'garbage';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) return 'garbage';
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(status), headers, byteCount: end + 4 };
}

/** Why every WebSocket client must reject this 101. */
export function acceptanceFaults(head: Head, key: string): string[] {
  const { headers } = head;
  const faults: string[] = [];
  const expected = createHash('sha1')
    .update(key + magic)
    .digest('base64');
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') faults.push('a 101 without Upgrade: websocket');
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(headers.get('connection') ?? ''))
    faults.push('a 101 without Connection: Upgrade');
  if (headers.get('sec-websocket-accept') !== expected) faults.push('a 101 whose Sec-WebSocket-Accept is not right');
  for (const name of ['sec-websocket-protocol', 'sec-websocket-extensions']) {
    if (headers.has(name)) faults.push(`a 101 with ${name}, which was not offered`);
  }
  return faults;
}
