/**
 * Connections to the ingest port that have not become a stream: how many there may be at a time, and how many an address may
 * make in a second. What is beyond is cut off before it has said anything. uWebSockets.js does not tell whose connection is
 * gone, so an address has used what it was answered, and its silent ones count for as long as they can last. Main thread.
 */
import { uwsSilentMsMax } from '../base/native.ts';
import type { Totals } from '../stream/totals.ts';
import { HandshakeLimit } from './handshake-limit.ts';

export interface ConnectionLimits {
  /** That have not become a stream, at a time. */
  readonly pendingMax: number;
  readonly perSecondAndAddress: number;
}

/** A connection that asks for nothing is gone after so long. */
const silentMsMax = uwsSilentMsMax(process.versions.node);
/** From this share of all on, no address may have more than that share of silent ones. */
const crowdedShare = 1 / 2;
const silentShare = 1 / 4;
const addressesMax = 10_000;

export class ConnectionLimit {
  private readonly limits: ConnectionLimits;
  private readonly totals: Totals;
  private readonly perAddress: HandshakeLimit;
  /** Connections of an address that were made less those that were used, in this period and in the one before. */
  private silent = new Map<string, number>();
  private silentBefore = new Map<string, number>();
  private periodMs = 0;

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
    if (address !== null && !this.admits(address, nowMs)) totals.connectionsRefused.address++;
    else if (totals.connectionsPending > limits.pendingMax) totals.connectionsRefused.pending++;
    else return true;
    return false;
  }

  /** A connection of this address has asked for something, and has its answer. */
  used(address: string): void {
    this.count(address, -1);
  }

  closed(): void {
    this.totals.connectionsPending--;
  }

  upgraded(): void {
    this.totals.connectionsPending--;
  }

  private admits(address: string, nowMs: number): boolean {
    if (!this.perAddress.admitAddress(address, nowMs)) return false;
    if (nowMs - this.periodMs > silentMsMax) {
      this.periodMs = nowMs;
      this.silentBefore = this.silent;
      this.silent = new Map();
    }
    const { pendingMax } = this.limits;
    const silent = (this.silent.get(address) ?? 0) + (this.silentBefore.get(address) ?? 0);
    if (this.totals.connectionsPending > pendingMax * crowdedShare && silent >= pendingMax * silentShare) return false;
    this.count(address, 1);
    return true;
  }

  private count(address: string, change: number): void {
    const before = this.silent.get(address);
    if (before !== undefined || this.silent.size < addressesMax) this.silent.set(address, (before ?? 0) + change);
  }
}
