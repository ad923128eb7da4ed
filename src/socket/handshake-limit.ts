/**
 * How many upgrades a second are looked at, of all clients together and of each address: a flood must cost its sender's own
 * place before it costs anybody else's. Counted in whole seconds. Main thread. Invariant: memory is bounded, whatever the
 * number of addresses.
 */

/** Addresses that are told apart within a second; the others share one count. */
const addressesMax = 10_000;

export interface HandshakeLimits {
  readonly perSecond: number;
  readonly perSecondAndAddress: number;
}

export class HandshakeLimit {
  private readonly limits: HandshakeLimits;
  private readonly byAddress = new Map<string, number>();
  private second = -1;
  private count = 0;

  constructor(limits: HandshakeLimits) {
    this.limits = limits;
  }

  /** Counts one more; false when it is one too many. */
  admit(address: string, nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.count = 0;
      this.byAddress.clear();
    }
    const key = this.byAddress.has(address) || this.byAddress.size < addressesMax ? address : '';
    const ofAddress = (this.byAddress.get(key) ?? 0) + 1;
    this.byAddress.set(key, ofAddress);
    // What one address has too many is not counted against the others.
    if (ofAddress > this.limits.perSecondAndAddress) return false;
    this.count++;
    return this.count <= this.limits.perSecond;
  }
}
