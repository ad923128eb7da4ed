/** What `bench:rollout` leaves behind: tables and charts as data, from which the page and its pictures are made. */
import { readFileSync } from 'node:fs';
import type { BarChart, LineChart } from '../report/chart.ts';
import type { Row } from '../report/result.ts';

export interface Sheet {
  /** Its place on the page: `rollout-cuts`. */
  readonly name: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

export type Picture =
  | ({ readonly kind: 'bars'; readonly name: string } & BarChart)
  | ({ readonly kind: 'lines'; readonly name: string } & LineChart);

export interface RolloutResult {
  readonly schema: 1;
  readonly bench: 'rollout';
  /** The same settings and seeds give the same figures, on every machine. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly sheets: readonly Sheet[];
  readonly pictures: readonly Picture[];
}

export function readRolloutResult(path: string): RolloutResult {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<RolloutResult> | null;
  if (value?.schema !== 1 || value.bench !== 'rollout') throw new Error(`${path}: not a result of bench:rollout`);
  return value as RolloutResult;
}
