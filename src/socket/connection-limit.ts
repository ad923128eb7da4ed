/**
 * Connections to the ingest port that have not become a stream: how many there may be at a time, and how many an address may
 * make in a second. What is beyond is cut off before it has said anything. Main thread.
 */
import type { Totals } from '../stream/totals.ts';
import { HandshakeLimit } from './handshake-limit.ts';

export interface ConnectionLimits {
  /** That have not become a stream, at a time. */
  readonly pendingMax: number;
  readonly perSecondAndAddress: number;
}

export class ConnectionLimit {
  private readonly limits: ConnectionLimits;
  private readonly totals: Totals;
  private readonly perAddress: HandshakeLimit;

  constructor(limits: ConnectionLimits, totals: Totals) {
    this.limits = limits;
    this.totals = totals;
    const { perSecondAndAddress } = limits;
    this.perAddress = new HandshakeLimit({ perSecond: Number.POSITIVE_INFINITY, perSecondAndAddress });
  }

  /** One more; false when it is one too many. `closed` or `upgraded` follows either way. `address`: null for a proxy. */
  opened(address: string | null, nowMs: number): boolean {
    const { totals, limits } = this;
    totals.connectionsPending++;
    if (address !== null && !this.perAddress.admitAddress(address, nowMs)) totals.connectionsRefused.address++;
    else if (totals.connectionsPending > limits.pendingMax) totals.connectionsRefused.pending++;
    else return true;
    return false;
  }

  closed(): void {
    this.totals.connectionsPending--;
  }

  upgraded(): void {
    this.totals.connectionsPending--;
  }
}
