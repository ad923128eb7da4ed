/**
 * Connections to the ingest port that have not become a stream: how many there may be at a time, and how many an address may
 * make in a second. What is beyond is cut off before it has said anything. Main thread.
 */
import { HandshakeLimit } from './handshake-limit.ts';

/** Why a connection was cut off as soon as it was made. */
export const connectionRefusals = ['address', 'pending'] as const;
export type ConnectionRefusal = (typeof connectionRefusals)[number];

export interface ConnectionLimits {
  /** That have not become a stream, at a time. */
  readonly pendingMax: number;
  readonly perSecondAndAddress: number;
}

export class ConnectionLimit {
  readonly refused: Record<ConnectionRefusal, number> = { address: 0, pending: 0 };
  /** Connected, and no stream yet. */
  pending = 0;
  private readonly limits: ConnectionLimits;
  private readonly perAddress: HandshakeLimit;

  constructor(limits: ConnectionLimits) {
    this.limits = limits;
    const { perSecondAndAddress } = limits;
    this.perAddress = new HandshakeLimit({ perSecond: Number.POSITIVE_INFINITY, perSecondAndAddress });
  }

  /** One more; false when it is one too many. `closed` or `upgraded` follows either way. `address`: null for a proxy. */
  opened(address: string | null, nowMs: number): boolean {
    this.pending++;
    let refusal: ConnectionRefusal | null = null;
    if (address !== null && !this.perAddress.admitAddress(address, nowMs)) refusal = 'address';
    else if (this.pending > this.limits.pendingMax) refusal = 'pending';
    if (refusal !== null) this.refused[refusal]++;
    return refusal === null;
  }

  closed(): void {
    this.pending--;
  }

  upgraded(): void {
    this.pending--;
  }
}
