/** A scenario's findings and their severity. Pure; any thread. */

export const verdicts = ['not applicable', 'pass', 'warn', 'fail'] as const;
export type Verdict = (typeof verdicts)[number];

export interface Finding {
  readonly verdict: Verdict;
  readonly seen: string;
}

/** Ends a scenario with this verdict. */
export class Ended extends Error {
  readonly finding: Finding;

  constructor(verdict: Verdict, seen: string) {
    super(seen);
    this.name = 'Ended';
    this.finding = { verdict, seen };
  }
}

export function worst(findings: readonly Finding[]): Verdict {
  const ranks = findings.map(({ verdict }) => verdicts.indexOf(verdict));
  return ranks.length === 0 ? 'pass' : verdicts[Math.max(...ranks)]!;
}
