/** What a run of the tests came to, as its last lines say it: what was skipped for which reason, then the counts. */

export interface Closing {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A reason, and below it the tests. */
  readonly skips: readonly string[];
}

/** Null if the run did not come to its end. */
export function closingOf(output: string): Closing | null {
  const lines = output.split('\n');
  const at = lines.findLastIndex((line) => /^\d+ passed, \d+ failed, \d+ skipped$/.test(line));
  if (at < 0) return null;
  const [passed, failed, skipped] = lines[at]!.match(/\d+/g)!.map(Number) as [number, number, number];
  const first = lines.findIndex((line) => /^Skipped, missing .*: \d+$/.test(line));
  return { passed, failed, skipped, skips: first < 0 ? [] : lines.slice(first, at) };
}
