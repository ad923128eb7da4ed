/**
 * What each address owes: the messages that its closed streams were allowed in advance, for a stall that never was, and
 * those they sent beyond every limit. Paid back at the pace of one stream. Its next streams may catch up by so much less:
 * connecting again is no way to get another burst. Main thread. Invariant: memory is bounded, whatever the number of addresses.
 */

/** Addresses with a debt each; the others share one. */
const addressesMax = 10_000;

export interface DebtLimits {
  /** Paid back in a second. */
  readonly unitsPerSecond: number;
  /** From here on an address may connect only now and then. */
  readonly deepUnits: number;
}

interface Debt {
  units: number;
  atMs: number;
}

export class Debts {
  private readonly limits: DebtLimits;
  private readonly byAddress = new Map<string, Debt>();

  constructor(limits: DebtLimits) {
    this.limits = limits;
  }

  of(address: string, nowMs: number): number {
    const debt = this.byAddress.get(this.keyOf(address));
    return debt === undefined ? 0 : this.left(debt, nowMs);
  }

  isDeep(address: string, nowMs: number): boolean {
    return this.of(address, nowMs) >= this.limits.deepUnits;
  }

  owe(address: string, units: number, nowMs: number): void {
    if (units <= 0) return;
    if (this.byAddress.size >= addressesMax && !this.byAddress.has(address)) this.forgetSettled(nowMs);
    const key = this.byAddress.size < addressesMax ? address : this.keyOf(address);
    const before = this.byAddress.get(key);
    // Whatever was done is forgotten in bounded time.
    const most = 4 * this.limits.deepUnits;
    const owed = Math.min(most, units + (before === undefined ? 0 : this.left(before, nowMs)));
    this.byAddress.set(key, { units: owed, atMs: nowMs });
  }

  private keyOf(address: string): string {
    return this.byAddress.has(address) || this.byAddress.size < addressesMax ? address : '';
  }

  private left({ units, atMs }: Debt, nowMs: number): number {
    return Math.max(0, units - ((nowMs - atMs) * this.limits.unitsPerSecond) / 1000);
  }

  private forgetSettled(nowMs: number): void {
    for (const [address, debt] of this.byAddress) if (this.left(debt, nowMs) === 0) this.byAddress.delete(address);
  }
}
