/**
 * A network that stands still now and then, for all calls at once: what is due meanwhile arrives at the end of it, as TCP delivers
 * it. Pure; any thread. Invariant: nothing leaves before it is due.
 */

/** When the network stands still. */
export interface Stalling {
  /** For how long; 0: never. */
  readonly stallMs: number;
  /** It does so again after so long; 0: once, in the middle of the run. */
  readonly stallEveryMs: number;
}

/**
 * When that leaves which is due at `dueMs`, both in ms since the run began.
 * @param runMs how long the run lasts
 */
export function releasedMs({ stallMs, stallEveryMs }: Stalling, runMs: number, dueMs: number): number {
  if (stallMs === 0) return dueMs;
  const firstMs = stallEveryMs > 0 ? stallEveryMs : Math.max(0, (runMs - stallMs) / 2);
  if (dueMs < firstMs) return dueMs;
  const beganMs = stallEveryMs > 0 ? Math.floor(dueMs / stallEveryMs) * stallEveryMs : firstMs;
  return Math.max(dueMs, beganMs + stallMs);
}

/** What is wrong with it, with the remedy, or null. */
export function stallProblem({ stallMs, stallEveryMs }: Stalling, runMs: number): string | null {
  if (stallMs >= runMs) return `stall of ${stallMs} ms: longer than a call; ask for calls of more than that`;
  if (stallEveryMs > 0 && stallEveryMs <= stallMs) {
    return `stall of ${stallMs} ms every ${stallEveryMs} ms: the network would never move; ask for a longer time between`;
  }
  return null;
}
