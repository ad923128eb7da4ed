/** Results made up for tests of what becomes of them. */
import {
  type BenchName,
  type BenchResult,
  type Measure,
  measure,
  type Row,
  result,
} from '../../bench/report/result.ts';

export function row(name: string, measures: Row['measures'], remarks: readonly string[] = []): Row {
  return { name, measures, remarks };
}

export function cpu(...samples: number[]): { readonly CPU: Measure } {
  return { CPU: measure('µs/frame', 'lower', samples) };
}

export function resultOf(rows: Row[], bench: BenchName = 'load'): BenchResult {
  return result(bench, new Date(0), { repetitions: 3 }, rows);
}
