/**
 * What every benchmark leaves behind: one JSON file of rows, each a named set of measures. Tables, charts and the
 * comparison read nothing else. A measure keeps its samples, so that whoever reads the file can judge the spread.
 */
import { readFileSync } from 'node:fs';
import { describeMachine, type Machine } from './machine.ts';

export const benchNames = ['micro', 'load', 'capacity', 'scaling', 'readers', 'duplex', 'tls'] as const;
export type BenchName = (typeof benchNames)[number];

/** Which direction is an improvement; `neither` for what only describes the run, such as the load that was offered. */
export type Better = 'lower' | 'higher' | 'neither';

export interface Measure {
  readonly unit: string;
  readonly better: Better;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export interface Row {
  /** Unique in its file: what a comparison matches rows by. */
  readonly name: string;
  /** By column, in the order of the table. A column that a row cannot have is left out. */
  readonly measures: Readonly<Record<string, Measure>>;
  /** What a reader must know to judge the row: the generator was the bottleneck, the load was not reached. */
  readonly remarks: readonly string[];
}

export interface BenchResult {
  readonly schema: 1;
  readonly bench: BenchName;
  /** ISO 8601. */
  readonly startedAt: string;
  /** Of the gateway; null outside of a repository. A `+` behind it: with changes. */
  readonly commit: string | null;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly rows: readonly Row[];
}

/** Median and extremes of at least one sample. */
export function measure(unit: string, better: Better, samples: readonly number[]): Measure {
  return { unit, better, median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples };
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A result of this moment, on this machine. */
export function result(bench: BenchName, startedAt: Date, settings: BenchResult['settings'], rows: Row[]): BenchResult {
  const { commit, ...machine } = describeMachine();
  return { schema: 1, bench, startedAt: startedAt.toISOString(), commit, machine, settings, rows };
}

/** Throws when the file is not a result of ours. */
export function readResult(path: string): BenchResult {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<BenchResult> | null;
  if (value?.schema !== 1 || !benchNames.includes(value.bench!) || !Array.isArray(value.rows)) {
    throw new Error(`${path}: not a benchmark result that this version knows`);
  }
  return value as BenchResult;
}
