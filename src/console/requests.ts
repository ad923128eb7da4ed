/** What a request to the console says of itself. Pure; main thread. */
import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../config/validate.ts';

export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?')[0]!;
}

export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').split('?')[1] ?? '');
}

/** Whether the page that asks was served under the name by which we are asked: no other page of the browser's may use its cookie. */
export function isSameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false;
  return new URL(origin).host === host.toLowerCase();
}

/** Whether a page of another site asks, as browsers say themselves. It may link to us, and no more. */
export function isFromOtherSite({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'cross-site' || headers['sec-fetch-site'] === 'same-site';
}

/** Whether we are asked by a name of this machine itself. Any other name may be a stranger's that points here, with a page of the stranger's. */
export function isForLoopback({ headers }: IncomingMessage): boolean {
  const host = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(headers.host ?? '')?.[1] ?? '';
  return isLoopback(host.replace(/^\[(.*)\]$/, '$1').toLowerCase());
}

/** A proxy in front speaks TLS. Who only claims it harms nobody but oneself. */
export function isSecure({ headers }: IncomingMessage): boolean {
  return headers['x-forwarded-proto'] === 'https';
}

export function addressOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? '';
}

/** The body as text; null when it is longer. */
export async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
