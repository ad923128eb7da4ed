/** How long the kit waits for what. Pure; any thread. Everything that a scenario waits for follows from these few. */
export interface Timing {
  /** How long the server has for any one answer. */
  readonly patienceMs: number;
  /** How long a connection is watched after what was done to it; longer scenarios are multiples of it. */
  readonly watchMs: number;
  /** How long another call may have to wait; a quarter of it is worth a warning. */
  readonly lateMs: number;
  /** The whole run; what has not begun by then is not run. */
  readonly totalMs: number;
}

export const defaultTiming: Timing = Object.freeze({ patienceMs: 3000, watchMs: 500, lateMs: 1000, totalMs: 300_000 });

/** A scenario that takes longer than that is given up and has failed. */
export function scenarioLimitMs({ patienceMs, watchMs }: Timing): number {
  return 3 * patienceMs + 24 * watchMs;
}

/** How long a server that has answered may take to die of what came before. */
export function graceMs({ watchMs }: Timing): number {
  return Math.min(50, Math.max(10, watchMs / 10));
}

export function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
