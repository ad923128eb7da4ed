/** The largest number for which something holds, by doubling and bisecting. Pure but for the trials. */

/** `unknown`: it did not hold, but it is not the thing measured that failed. */
export type Verdict = 'held' | 'failed' | 'unknown';

export interface SearchRange {
  readonly from: number;
  readonly max: number;
  /** How far apart the last two numbers may be, as a share of the smaller one. */
  readonly precision: number;
}

export interface SearchResult {
  /** The largest number that held; 0 when none did. */
  readonly held: number;
  /** What stopped the search above it; `held` when nothing did up to the maximum. */
  readonly above: Verdict;
}

/** Tries each number once. */
export async function search(range: SearchRange, attempt: (count: number) => Promise<Verdict>): Promise<SearchResult> {
  const { max, precision } = range;
  let low = 0;
  let high = Math.min(range.from, max);
  let above = await attempt(high);
  while (above === 'held' && high < max) {
    low = high;
    high = Math.min(high * 2, max);
    above = await attempt(high);
  }
  if (above === 'held') return { held: high, above };
  while (high - low > Math.max(1, low * precision)) {
    const middle = Math.floor((low + high) / 2);
    const verdict = await attempt(middle);
    if (verdict === 'held') low = middle;
    else {
      high = middle;
      above = verdict;
    }
  }
  return { held: low, above };
}
