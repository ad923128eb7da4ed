/**
 * `npm run bench:compare -- A.json B.json`: what got slower and what got faster from A to B. Rows are matched by name,
 * measures by column. A change counts only beyond a threshold and if the spreads do not overlap; everything else is noise.
 * The exit code is 1 when something got slower.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { BadInput, exitCode, parseFlags, runMain } from './cli.ts';
import { formatMeasure, formatNumber } from './format.ts';
import { type BenchResult, type Measure, type Row, readResult } from './result.ts';

export const thresholdDefault = 0.05;

export type Verdict = 'slower' | 'faster' | 'same';

export interface Change {
  readonly row: string;
  readonly column: string;
  readonly before: Measure;
  readonly after: Measure;
  /** Median of `after` by median of `before`. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

export interface Comparison {
  /** One for each measure that both have and that has a better direction. */
  readonly changes: readonly Change[];
  /** Rows, and columns of rows, that only one of them has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
  /** Why the two may not be comparable at all. */
  readonly warnings: readonly string[];
}

/** `slower` stands for worse in general, such as less throughput. */
export function judge(before: Measure, after: Measure, threshold: number): { ratio: number; verdict: Verdict } {
  const ratio = before.median === after.median ? 1 : after.median / before.median;
  const isBeyond = ratio > 1 + threshold || ratio < 1 - threshold;
  const isApart = after.min > before.max || after.max < before.min;
  if (before.better === 'neither' || !isBeyond || !isApart) return { ratio, verdict: 'same' };
  return { ratio, verdict: ratio > 1 === (before.better === 'lower') ? 'slower' : 'faster' };
}

export function compareResults(before: BenchResult, after: BenchResult, threshold = thresholdDefault): Comparison {
  const rowsAfter = new Map(after.rows.map((row) => [row.name, row]));
  const changes: Change[] = [];
  for (const row of before.rows) {
    for (const [column, measure] of Object.entries(row.measures)) {
      const other = rowsAfter.get(row.name)?.measures[column];
      if (other === undefined || measure.better === 'neither' || !isSameKind(measure, other)) continue;
      changes.push({ row: row.name, column, before: measure, after: other, ...judge(measure, other, threshold) });
    }
  }
  return {
    changes,
    onlyBefore: missing(before.rows, after.rows),
    onlyAfter: missing(after.rows, before.rows),
    warnings: [...differences(before, after), ...otherKinds(before.rows, rowsAfter)],
  };
}

function isSameKind(a: Measure, b: Measure): boolean {
  return a.unit === b.unit && a.better === b.better;
}

/** What `rows` have and `others` do not. */
function missing(rows: readonly Row[], others: readonly Row[]): string[] {
  const byName = new Map(others.map((row) => [row.name, row]));
  return rows.flatMap((row) => {
    const other = byName.get(row.name);
    if (other === undefined) return [row.name];
    const columns = Object.keys(row.measures).filter((column) => !Object.hasOwn(other.measures, column));
    return columns.map((column) => `${row.name}: ${column}`);
  });
}

function otherKinds(rows: readonly Row[], others: ReadonlyMap<string, Row>): string[] {
  return rows.flatMap((row) =>
    Object.entries(row.measures).flatMap(([column, measure]) => {
      const other = others.get(row.name)?.measures[column];
      return other === undefined || isSameKind(measure, other)
        ? []
        : [`${row.name}: ${column}: not compared, it is measured in another way (${measure.unit}, ${other.unit})`];
    }),
  );
}

/** Fields of the machine and settings in which the two differ. */
function differences(before: BenchResult, after: BenchResult): string[] {
  const lines: string[] = [];
  for (const part of ['machine', 'settings'] as const) {
    const a: Readonly<Record<string, unknown>> = { ...before[part] };
    const b: Readonly<Record<string, unknown>> = { ...after[part] };
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      if (isDeepStrictEqual(a[key], b[key])) continue;
      lines.push(`${part} differ in ${key}: ${String(a[key] ?? 'none')}, ${String(b[key] ?? 'none')}`);
    }
  }
  return lines;
}

function describeChange({ row, column, before, after, ratio, verdict }: Change): string {
  const unit = before.unit === '' ? '' : ` ${before.unit}`;
  return `${verdict}  ${row}: ${column}  ${formatMeasure(before)} → ${formatMeasure(after)}${unit}  × ${formatNumber(ratio, 2)}`;
}

export function describeComparison(comparison: Comparison, threshold = thresholdDefault): string {
  const { changes, onlyBefore, onlyAfter, warnings } = comparison;
  const by = (verdict: Verdict) => changes.filter((change) => change.verdict === verdict);
  return [
    ...warnings.map((text) => `warning: ${text}`),
    ...onlyBefore.map((name) => `gone    ${name}`),
    ...onlyAfter.map((name) => `new     ${name}`),
    ...[...by('slower'), ...by('faster')].map(describeChange),
    `${by('slower').length} slower, ${by('faster').length} faster, ${by('same').length} the same within noise ` +
      `(less than ${Number((threshold * 100).toPrecision(3))} %, or spreads that overlap)`,
  ].join('\n');
}

function read(path: string): BenchResult {
  try {
    return readResult(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new BadInput(message.includes(path) ? message : `${path}: ${message}`);
  }
}

function main(argv: readonly string[]): number {
  const usage = 'usage: npm run bench:compare -- A.json B.json [--threshold 0.05]';
  const options = { threshold: { type: 'string', default: String(thresholdDefault) } } as const;
  const { values, positionals } = parseFlags(
    () => parseArgs({ args: [...argv], options, allowPositionals: true }),
    usage,
  );
  const [a, b, ...rest] = positionals;
  const threshold = Number(values.threshold);
  if (a === undefined || b === undefined || rest.length > 0) throw new BadInput(usage);
  if (!(threshold >= 0 && threshold < 1)) throw new BadInput(`--threshold: expects a number from 0 to 1\n${usage}`);
  const before = read(a);
  const after = read(b);
  if (before.bench !== after.bench) throw new BadInput(`${a} is of bench ${before.bench}, ${b} of ${after.bench}`);
  const comparison = compareResults(before, after, threshold);
  process.stdout.write(`${describeComparison(comparison, threshold)}\n`);
  return comparison.changes.some((change) => change.verdict === 'slower') ? exitCode.slower : exitCode.ok;
}

if (import.meta.main) await runMain(() => main(process.argv.slice(2)));
