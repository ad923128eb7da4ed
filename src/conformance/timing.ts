/** The kit's timeouts. Pure; any thread. Every wait of a scenario derives from these few. */
export interface Timing {
  /** How long the server may take for an answer. */
  readonly patienceMs: number;
  /** How long a connection is watched after a provocation; longer scenarios take multiples of it. */
  readonly watchMs: number;
  /** How long another call may be delayed; a quarter of it is a warning. */
  readonly lateMs: number;
  /** Limit of the whole run; scenarios that have not begun by then are not run. */
  readonly totalMs: number;
}

export const defaultTiming: Timing = Object.freeze({ patienceMs: 3000, watchMs: 500, lateMs: 1000, totalMs: 300_000 });

/** A scenario that takes longer has failed. */
export function scenarioLimitMs({ patienceMs, watchMs }: Timing): number {
  return 3 * patienceMs + 24 * watchMs;
}

/** How long after its answer a server may still die of what it received. */
export function graceMs({ watchMs }: Timing): number {
  return Math.min(50, Math.max(10, watchMs / 10));
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
