/**
 * Tables on docs/scaling.md and their pictures in docs/images, made from results. Between `<!-- begin:NAME -->` and
 * `<!-- end:NAME -->` stands what is generated, everything else on the page is left alone. Pure.
 */
import { join } from 'node:path';
import { barChart, lineChart } from '../report/chart.ts';
import { BadInput, root } from '../report/cli.ts';
import { formatMeasure } from '../report/format.ts';
import type { Row } from '../report/result.ts';
import { columnsOf, consoleTable, markdownTable } from '../report/table.ts';
import type { Picture, RolloutResult } from './result.ts';

export const pagePath = join(root, 'docs/scaling.md');

/** The page with these contents at their places. Throws `BadInput` when one has none. */
export function fillPage(page: string, contents: ReadonlyMap<string, string>): string {
  let filled = page;
  for (const [name, content] of contents) {
    const [begin, end] = [`<!-- begin:${name} -->`, `<!-- end:${name} -->`];
    const [from, to] = [filled.indexOf(begin), filled.indexOf(end)];
    if (from < 0 || to < from) throw new BadInput(`the page has no place for ${name}: ${begin}, ${end}`);
    filled = `${filled.slice(0, from + begin.length)}\n\n${content}\n\n${filled.slice(to)}`;
  }
  return filled;
}

/** Medians without their spread: what spreads in a simulation is the choice of seeds, and the page says how far. */
export function mediansOf(rows: readonly Row[]): Row[] {
  return rows.map((row) => ({
    ...row,
    measures: Object.fromEntries(
      Object.entries(row.measures).map(([column, { median, ...measure }]) => {
        return [column, { ...measure, median, min: median, max: median, samples: [median] }];
      }),
    ),
  }));
}

export function draw(picture: Picture): string {
  return picture.kind === 'bars' ? barChart(picture) : lineChart(picture);
}

export function tablesOf(result: RolloutResult): Map<string, string> {
  return new Map(result.sheets.map(({ name, rows }) => [name, markdownTable(mediansOf(rows))]));
}

/** Pictures by file name. */
export function picturesOf(result: RolloutResult): Map<string, string> {
  return new Map(result.pictures.map((picture) => [`${picture.name}.svg`, draw(picture)]));
}

export function describe(result: RolloutResult): string {
  return result.sheets
    .map(({ title, rows }) => `${title}\n\n${consoleTable(mediansOf(rows), columnsOf(rows))}`)
    .join('\n\n\n');
}

/** How far the seeds lie apart, at most: of all figures above `least`, the widest spread by its median. */
export function widestSpread(result: RolloutResult, least: number): { readonly share: number; readonly where: string } {
  let widest = { share: 0, where: '' };
  for (const { rows } of result.sheets) {
    for (const { name, measures } of rows) {
      for (const [column, measure] of Object.entries(measures)) {
        const share = measure.median > least ? (measure.max - measure.min) / measure.median : 0;
        if (share > widest.share) widest = { share, where: `${name}, ${column}: ${formatMeasure(measure)}` };
      }
    }
  }
  return widest;
}
