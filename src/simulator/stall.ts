/**
 * A network that stalls now and then, for all calls at once: what is due meanwhile arrives at the end of it, as TCP delivers
 * it. Pure; any thread. Invariant: nothing leaves before it is due.
 */

/** When the network stalls. */
export interface Stalling {
  /** For how long; 0: never. */
  readonly stallMs: number;
  /** It does so again after so long; 0: once, in the middle of the run. */
  readonly stallEveryMs: number;
}

/** When the network stalls at `atMs` or next after it, in ms since the run began; infinity: never again. */
export function stallBegins({ stallMs, stallEveryMs }: Stalling, runMs: number, atMs: number): number {
  if (stallMs === 0) return Number.POSITIVE_INFINITY;
  if (stallEveryMs > 0) return Math.max(1, Math.floor((atMs - stallMs) / stallEveryMs) + 1) * stallEveryMs;
  const onceMs = Math.max(0, (runMs - stallMs) / 2);
  return atMs < onceMs + stallMs ? onceMs : Number.POSITIVE_INFINITY;
}

/**
 * When that leaves which is due at `dueMs`, both in ms since the run began.
 * @param runMs how long the run lasts
 */
export function releasedMs(stalling: Stalling, runMs: number, dueMs: number): number {
  const beginsMs = stallBegins(stalling, runMs, dueMs);
  return dueMs < beginsMs ? dueMs : beginsMs + stalling.stallMs;
}

/** What is wrong with it, with the remedy, or null. */
export function stallProblem({ stallMs, stallEveryMs }: Stalling, runMs: number): string | null {
  if (stallMs >= runMs) return `stall of ${stallMs} ms: longer than a call; ask for calls of more than that`;
  if (stallEveryMs > 0 && stallEveryMs <= stallMs) {
    return `stall of ${stallMs} ms every ${stallEveryMs} ms: the network would never move; ask for a longer time between`;
  }
  return null;
}
