/**
 * Time that was taken and is paid back as time passes: two doubles in shared memory, the debt and the moment it refers to. Any
 * worker that has the memory can continue it. Worker thread.
 */

/** What is left, ms, of a debt that stands at `at` and behind it. `share`: of the time that goes by, is paid back. */
export function owedMs(debts: Float64Array, at: number, share: number, nowMs: number): number {
  return Math.max(0, debts[at]! - share * (nowMs - debts[at + 1]!));
}

export function owe(debts: Float64Array, at: number, share: number, costMs: number, nowMs: number): void {
  debts[at] = owedMs(debts, at, share, nowMs) + costMs;
  debts[at + 1] = nowMs;
}
