/**
 * How many upgrades a second are looked at, of all clients together and of each address: a flood must cost its sender's own
 * place before it costs another one's. Counted in whole seconds. Main thread. Invariant: memory is bounded, whatever the
 * number of addresses.
 */

/** Addresses that are counted apart within a second; the others share one count. */
const addressesMax = 10_000;
/** A debtor has this part of what others have. */
const debtorDivisor = 20;

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
    // What one address has too many is not counted against the others.
    return this.admitAddress(address, nowMs) && this.admitOne(nowMs);
  }

  /** Counts one more of this address alone. A debtor is let in now and then only. */
  admitAddress(address: string, nowMs: number, isDebtor = false): boolean {
    this.turn(nowMs);
    const key = this.byAddress.has(address) || this.byAddress.size < addressesMax ? address : '';
    const ofAddress = (this.byAddress.get(key) ?? 0) + 1;
    this.byAddress.set(key, ofAddress);
    const { perSecondAndAddress } = this.limits;
    return ofAddress <= (isDebtor ? Math.ceil(perSecondAndAddress / debtorDivisor) : perSecondAndAddress);
  }

  /** Counts one more of all. */
  admitOne(nowMs: number): boolean {
    this.turn(nowMs);
    this.count++;
    return this.count <= this.limits.perSecond;
  }

  private turn(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second !== this.second) {
      this.second = second;
      this.count = 0;
      this.byAddress.clear();
    }
  }
}
