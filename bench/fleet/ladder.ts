/**
 * How many streams arrangements hold, in turns: a step of the ladder with each of them, then the next step, so that what changes on
 * the machine meanwhile falls on all alike. Who fails a step twice has come as far as it comes. Pure but for the trials.
 */
import type { Verdict } from '../capacity/search.ts';

export interface Ladder {
  /** Streams of each gateway in the first step, and by how many more in each further one. */
  readonly from: number;
  readonly step: number;
  readonly stepsMax: number;
}

/** Of one climb. */
export interface Climb<T> {
  /** Streams of each gateway; 0 when not even the first step held. */
  readonly held: number;
  /** Of the step that held. */
  readonly trial: T | null;
  /** What stopped it; `held` when nothing did. */
  readonly above: Verdict;
}

const attemptsMax = 2;

/** Returns one climb for each of the cases. */
export async function climb<C, T>(
  cases: readonly C[],
  { from, step, stepsMax }: Ladder,
  attempt: (one: C, streamsEach: number) => Promise<{ readonly trial: T; readonly verdict: Verdict }>,
): Promise<Climb<T>[]> {
  const climbs: Climb<T>[] = cases.map(() => ({ held: 0, trial: null, above: 'held' }));
  for (let i = 0; i < stepsMax; i++) {
    const streamsEach = from + i * step;
    for (const [n, one] of cases.entries()) {
      if (climbs[n]!.above !== 'held') continue;
      let verdict: Verdict = 'unknown';
      for (let tries = 0; tries < attemptsMax && verdict !== 'held'; tries++) {
        const tried = await attempt(one, streamsEach);
        verdict = tried.verdict;
        if (verdict === 'held') climbs[n] = { held: streamsEach, trial: tried.trial, above: 'held' };
      }
      if (verdict !== 'held') climbs[n] = { ...climbs[n]!, above: verdict };
    }
  }
  return climbs;
}
