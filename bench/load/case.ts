/** One row of a benchmark that measures in turns. */
import type { Row } from '../report/result.ts';

export interface Case {
  readonly name: string;
  /** Measures once more, and says what it was in a few words. */
  measure(): Promise<string>;
  row(): Row;
  /** Of all measurements: why what came out is not what went in. */
  mismatches(): string[];
}
