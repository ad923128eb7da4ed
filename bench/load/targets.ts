/** The speed that the gateway has to reach beside its rivals, and whether it did. Pure. */
import { formatNumber } from '../report/format.ts';
import type { Row } from '../report/result.ts';
import { gatewayLabel, groupName, rivalLabels, rowName } from './labels.ts';

export interface Target {
  readonly name: string;
  /** Null: no target, but a figure to judge the one above it by. */
  readonly atMost: number | null;
  readonly unit: string;
  /** Null when a row that it needs was not measured. */
  readonly value: number | null;
}

interface RatioTarget {
  readonly column: string;
  readonly framesPerSecond: number;
  /** Labels: the gateway's figure is divided by this row's. */
  readonly rival: string;
  readonly atMost: number;
}

interface FigureTarget {
  readonly column: string;
  readonly framesPerSecond: number;
  readonly atMost: number | null;
}

const gateway = gatewayLabel('scan');

const ratios: readonly RatioTarget[] = [
  { column: 'CPU', framesPerSecond: 50_000, rival: rivalLabels.sample, atMost: 0.45 },
  { column: 'CPU', framesPerSecond: 50_000, rival: rivalLabels.task, atMost: 0.15 },
  { column: 'CPU', framesPerSecond: 50_000, rival: rivalLabels.json, atMost: 1 },
  { column: 'CPU', framesPerSecond: 50_000, rival: rivalLabels.bare, atMost: 1.6 },
  { column: 'CPU', framesPerSecond: 150_000, rival: rivalLabels.bare, atMost: 1.35 },
  { column: 'main thread', framesPerSecond: 150_000, rival: rivalLabels.json, atMost: 0.75 },
];

const figures: readonly FigureTarget[] = [
  { column: 'residence p50', framesPerSecond: 50_000, atMost: 1.5 },
  { column: 'residence p99', framesPerSecond: 50_000, atMost: 4 },
  { column: 'drops', framesPerSecond: 150_000, atMost: 0 },
  // The whole load comes at once, to code that was never run.
  { column: 'warm-up drops', framesPerSecond: 150_000, atMost: null },
  { column: 'GC', framesPerSecond: 50_000, atMost: 0.5 },
  { column: 'longest GC pause', framesPerSecond: 50_000, atMost: 5 },
];

/** All targets of the load benchmark, with what these rows say of them. */
export function loadTargets(rows: readonly Row[]): Target[] {
  const find = (framesPerSecond: number, label: string, column: string) =>
    rows.find(({ name }) => name === rowName(groupName(framesPerSecond), label))?.measures[column];
  const compared = ratios.map(({ column, framesPerSecond, rival, atMost }): Target => {
    const ours = find(framesPerSecond, gateway, column);
    const theirs = find(framesPerSecond, rival, column);
    const value = ours === undefined || theirs === undefined ? null : ours.median / theirs.median;
    return { name: `${groupName(framesPerSecond)}: ${column}, gateway / ${rival}`, atMost, unit: '', value };
  });
  const measured = figures.map(({ column, framesPerSecond, atMost }): Target => {
    const ours = find(framesPerSecond, gateway, column);
    const name = `${groupName(framesPerSecond)}: ${column}`;
    return { name, atMost, unit: ours?.unit ?? '', value: ours?.median ?? null };
  });
  return [...compared, ...measured];
}

function verdict({ atMost, value }: Target): string {
  if (value === null) return 'not measured';
  if (atMost === null) return '';
  return value <= atMost ? 'reached' : 'NOT REACHED';
}

/** One line each: reached, not reached, or not measured. */
export function formatTargets(targets: readonly Target[]): string {
  const nameWidth = Math.max(...targets.map(({ name }) => name.length));
  const lines = targets.map((target) => {
    const { name, atMost, unit, value } = target;
    const figure = value === null ? '–' : formatNumber(value);
    const limit = atMost === null ? '' : `at most ${atMost} ${unit}`;
    return `${name.padEnd(nameWidth)}  ${figure.padStart(8)}  ${limit.padEnd(16)}  ${verdict(target)}`.trimEnd();
  });
  return lines.join('\n');
}

/** The gateway's CPU per frame over that of every other row of its group. */
export function formatRatios(rows: readonly Row[]): string {
  const lines: string[] = [];
  const groups = new Set(rows.map(({ name }) => name.split(' · ')[0]!));
  for (const group of groups) {
    const ours = rows.find(({ name }) => name === rowName(group, gateway))?.measures['CPU'];
    if (ours === undefined) continue;
    for (const { name, measures } of rows) {
      const theirs = measures['CPU'];
      if (!name.startsWith(`${group} · `) || theirs === undefined || theirs === ours) continue;
      lines.push(`${formatNumber(ours.median / theirs.median).padStart(8)}  ${name}`);
    }
  }
  return lines.join('\n');
}
