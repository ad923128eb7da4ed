/**
 * Who the client is, and whether its address may connect. Behind a proxy the socket's address is the proxy's; the client's is
 * in the PROXY protocol v2 header or in X-Forwarded-For, and is believed from trusted proxies only: any client can write either.
 * Pure; main thread.
 */

import { Networks, normalized, privateNetworks } from '../config/networks.ts';
import type { Config } from '../config/serve-settings.ts';

/** What a request says about where it comes from. */
export interface Origin {
  /** Of the socket. */
  readonly peer: string;
  /** From the PROXY protocol v2 header; empty without one. */
  readonly proxied: string;
  /** X-Forwarded-For; empty without one. */
  readonly forwardedFor: string;
}

/**
 * The client's address, normalized; empty when it is unknown. From a trusted proxy: what its PROXY header says; then the
 * last address of X-Forwarded-For that is no trusted proxy itself, since all before that may be forged.
 */
export function clientAddress({ peer, proxied, forwardedFor }: Origin, proxies: Networks | null): string {
  let address = normalized(peer);
  if (proxies === null || !proxies.include(address)) return address;
  if (proxied !== '') {
    address = normalized(proxied);
    if (!proxies.include(address)) return address;
  }
  const hops = forwardedFor.split(',');
  for (let i = hops.length - 1; i >= 0 && forwardedFor !== ''; i--) {
    address = normalized(hops[i]!.trim());
    if (!proxies.include(address)) return address;
  }
  return address;
}

/** Who may connect; any address when no network is named. */
export function allowList({ allowCidr }: Config): (remoteAddress: string) => boolean {
  if (allowCidr.length === 0) return () => true;
  const allowed = new Networks(allowCidr);
  return (remoteAddress) => allowed.include(remoteAddress);
}

export function trustedProxies({ trustProxy, proxyCidr }: Config): Networks | null {
  return trustProxy ? new Networks(proxyCidr.length === 0 ? privateNetworks : proxyCidr) : null;
}
