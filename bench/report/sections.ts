/**
 * A result cut into what a page shows: its groups, each with a table and a chart. Rows are named `group · label`; rows
 * without a group make one without a name. Pure.
 */
import { type Bar, barChart, lineChart } from './chart.ts';
import { commandOf } from './cli.ts';
import { formatNumber } from './format.ts';
import type { BenchName, BenchResult, Row } from './result.ts';
import { columnsOf, markdownTable } from './table.ts';

export const groupSeparator = ' · ';
const columnsMax = 10;
/** In the published files, and not on the page. */
const detailColumns = new Set([
  'user',
  'system',
  'residence p99.9',
  'warm-up drops',
  'RSS growth',
  'longest GC pause',
  'unsent',
]);

export interface Section {
  /** What the page and the picture are called by: `load-50000-frames-s`. */
  readonly name: string;
  /** As in the rows' names; empty if they have none. */
  readonly group: string;
  readonly table: string;
  /** SVG; null when there is nothing to see in a picture. */
  readonly chart: string | null;
}

const titles: Readonly<Record<BenchName, string>> = {
  micro: 'One step of a frame’s way',
  load: 'End to end',
  capacity: 'Capacity',
  scaling: 'Scaling',
  readers: 'Reading in another thread',
  duplex: 'Calls both ways',
  tls: 'TLS',
};

/** What a chart shows when it is not the first column that can be better or worse. */
const charted: Partial<Readonly<Record<BenchName, string>>> = { capacity: 'residence p99' };

export function sectionsOf(result: BenchResult): Section[] {
  const groups = new Map<string, Row[]>();
  for (const row of result.rows) {
    const at = row.name.indexOf(groupSeparator);
    const group = at < 0 ? '' : row.name.slice(0, at);
    const label = at < 0 ? row.name : row.name.slice(at + groupSeparator.length);
    groups.set(group, [...(groups.get(group) ?? []), { ...row, name: label }]);
  }
  return Array.from(groups, ([group, rows]) => ({
    name: group === '' ? result.bench : `${result.bench}-${slug(group)}`,
    group,
    table: tablesOf(rows),
    chart: chartOf(result, group, rows),
  }));
}

/** More columns than fit on a page go into further tables of the same rows; remarks stand below the first one. */
function tablesOf(rows: readonly Row[]): string {
  const columns = columnsOf(rows).filter((column) => !detailColumns.has(column));
  const tables: string[] = [];
  for (let from = 0; from < columns.length; from += columnsMax) {
    const shown = from === 0 ? rows : rows.map((row) => ({ ...row, remarks: [] }));
    tables.push(markdownTable(shown, columns.slice(from, from + columnsMax)));
  }
  return tables.join('\n\n');
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/(?<=\d),(?=\d)/g, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

/**
 * A chart shows one column: as a rule the first one that can be better or worse. Its parts are the columns `… user` and `… system`, if there
 * are any. Rows that are labelled by numbers (`100 streams`, `5,000 streams`) are points of a line.
 */
function chartOf(result: BenchResult, group: string, rows: readonly Row[]): string | null {
  const column = columnsOf(rows).find((name) =>
    charted[result.bench] === undefined
      ? rows.some((row) => (row.measures[name]?.better ?? 'neither') !== 'neither')
      : name === charted[result.bench],
  );
  if (column === undefined) return null;
  const shown = rows.filter((row) => row.measures[column] !== undefined);
  if (shown.length < 2) return null;
  const title = [titles[result.bench], group].filter((text) => text !== '').join(', ');
  const { unit, samples } = shown[0]!.measures[column]!;
  const measured = unit === '' ? column : `${column}, ${unit}`;
  const { cpu, cores, node } = result.machine;
  const spread = samples.length > 1 ? ` Median of ${samples.length} repetitions, with the lowest and the highest.` : '';
  const note = `${cpu}, ${cores} cores, Node.js ${node.replace(/^v/, '')}.${spread}`;

  const places = shown.map((row) => placeOf(row.name));
  if (places.every((place) => place !== null) && new Set(places.map((place) => place.what)).size === 1) {
    const values = places.map((place) => place.value);
    const points = shown.map(({ measures }, i) => {
      const { median, min, max } = measures[column]!;
      return { x: values[i]!, y: median, low: min, high: max };
    });
    const isWide = Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) >= 20;
    const series = [{ name: column, points }];
    return lineChart({ title, xLabel: places[0]!.what, yLabel: measured, logX: isWide, series, note });
  }
  const bars = shown.map((row) => barOf(row, column));
  return barChart({ title, unit: measured, bars, note });
}

/** `5,000 streams`: 5000 of streams. */
function placeOf(label: string): { readonly value: number; readonly what: string } | null {
  const found = /^(\d[\d,]*(?:\.\d+)?)(?: ([a-z ]+))?$/i.exec(label);
  return found === null ? null : { value: Number(found[1]!.replaceAll(',', '')), what: found[2] ?? '' };
}

function barOf(row: Row, column: string): Bar {
  const { median, min, max, unit } = row.measures[column]!;
  const parts = ['user', 'system'].flatMap((part) => {
    const found = Object.entries(row.measures).find(([name]) => name === part || name.endsWith(` ${part}`))?.[1];
    return found === undefined || found.unit !== unit ? [] : [{ label: part, value: found.median }];
  });
  return { label: row.name, value: median, low: min, high: max, ...(parts.length === 2 ? { parts } : {}) };
}

/** On what, when and how a result was measured: one paragraph of Markdown. */
export function describeRun(result: BenchResult): string {
  const { machine, commit, startedAt, settings, bench } = result;
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB`,
    `kernel ${machine.kernel}`,
    `Node.js ${machine.node.replace(/^v/, '')}`,
    `commit ${commit ?? 'unknown'}`,
    startedAt.slice(0, 10),
  ];
  const chosen = Object.entries(settings).map(([name, value]) => {
    return `${name} ${typeof value === 'number' ? formatNumber(value, Number.isInteger(value) ? 0 : 3) : value}`;
  });
  return `\`${commandOf(bench)}\` on ${facts.join('; ')}.${chosen.length === 0 ? '' : ` Settings: ${chosen.join('; ')}.`}`;
}
