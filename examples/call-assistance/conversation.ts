/**
 * Who spoke while somebody else was speaking, within one call. A pair of turns is judged once, when both have ended: only
 * then is it known who gave way. Pure; any thread.
 */
import type { Turn } from './messages.ts';

export interface Overlap {
  readonly first: Turn;
  readonly second: Turn;
  readonly overlapMs: number;
  /** `first` fell silent before `second` did. */
  readonly isInterruption: boolean;
}

function endOf({ startedAtMs, startMs, endMs }: Turn): number {
  return startedAtMs + endMs - startMs;
}

/** Null if one was over before the other began. */
function overlapOf(one: Turn, other: Turn): Overlap | null {
  const [first, second] = one.startedAtMs <= other.startedAtMs ? [one, other] : [other, one];
  const overlapMs = Math.min(endOf(first), endOf(second)) - second.startedAtMs;
  if (overlapMs <= 0) return null;
  return { first, second, overlapMs, isInterruption: endOf(first) < endOf(second) };
}

export class Conversation {
  /** Since when turns continue that have not ended; by whose they are. */
  private readonly open = new Map<unknown, number>();
  /** Turns that ended, as long as one that continues can overlap with them. */
  private ended: Turn[] = [];

  /** @param who anything that names the participant */
  began(who: unknown, startedAtMs: number): void {
    this.open.set(who, startedAtMs);
  }

  /** Returns whom the turn overlapped with, of those who have ended. */
  turnEnded(who: unknown, turn: Turn): Overlap[] {
    this.open.delete(who);
    const overlaps = this.ended.map((other) => overlapOf(other, turn)).filter((overlap) => overlap !== null);
    this.ended.push(turn);
    const oldestMs = Math.min(...this.open.values());
    this.ended = this.ended.filter((other) => endOf(other) > oldestMs);
    return overlaps;
  }
}
