/** Reads a request at once: its memory is uWebSockets.js's own, and dead with this turn of the loop. Main thread. */
import type { Networks } from '../networks.ts';
import { clientAddress } from './client-address.ts';
import type { RequestSnapshot } from './upgrade.ts';
import { type HttpRequest, type HttpResponse, headerLines, textOf } from './uws.ts';

/** Everything that will be needed of it. `proxies`: whose word about the client's address is taken. */
export function readRequest(response: HttpResponse, request: HttpRequest, proxies: Networks | null): RequestSnapshot {
  const origin = {
    peer: textOf(response.getRemoteAddressAsText()),
    proxied: textOf(response.getProxiedRemoteAddressAsText()),
    forwardedFor: proxies === null ? '' : headerLines(request, 'x-forwarded-for'),
  };
  return {
    path: request.getUrl(),
    query: request.getQuery() ?? '',
    remoteAddress: clientAddress(origin, proxies),
    upgrade: request.getHeader('upgrade'),
    webSocketKey: request.getHeader('sec-websocket-key'),
    webSocketVersion: request.getHeader('sec-websocket-version'),
    authorization: request.getHeader('authorization'),
    callConnectionId: request.getHeader('x-ms-call-connection-id'),
    correlationId: request.getHeader('x-ms-call-correlation-id'),
  };
}
