/**
 * `npm run bench:report`: brings docs/performance.md and its pictures up to date with the published results. Between
 * `<!-- begin:NAME -->` and `<!-- end:NAME -->` stands what is generated, everything else on the page is left alone.
 *
 * NAME is a group of a result (`load-50000-frames-s`), a whole result (`load`: all its groups that have no place of their
 * own), or the facts about a run (`load-run`). Invariant: every group of a published result has a place on the page.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BadInput, exitCode, root, runMain } from './cli.ts';
import { type BenchResult, benchNames, readResult } from './result.ts';
import { describeRun, type Section, sectionsOf } from './sections.ts';

export const pagePath = join(root, 'docs/performance.md');
export const resultsFolder = join(root, 'docs/benchmarks');

export interface Published {
  readonly page: string;
  /** Text of each picture by its file name in `resultsFolder`. */
  readonly charts: ReadonlyMap<string, string>;
}

/** The page with every generated part made anew. Throws `BadInput` when a group has no place, or a marker no end. */
export function render(page: string, results: readonly BenchResult[]): Published {
  const charts = new Map<string, string>();
  const contents = new Map<string, string>();
  for (const result of results) {
    if (result.settings['smoke'] === true) throw new BadInput(`${result.bench}: a smoke run is not for publishing`);
    const sections = sectionsOf(result);
    for (const { name, chart } of sections) if (chart !== null) charts.set(`${name}.svg`, chart);
    const own = sections.filter(({ name }) => name !== result.bench && hasMarker(page, name));
    const rest = sections.filter((section) => !own.includes(section));
    if (rest.length > 0 && !hasMarker(page, result.bench)) {
      const names = rest.map(({ name }) => `<!-- begin:${name} -->`).join(', ');
      throw new BadInput(
        `the page has no place for ${names}, and none for all of them: <!-- begin:${result.bench} -->`,
      );
    }
    for (const section of own) contents.set(section.name, show(section));
    contents.set(result.bench, rest.map((section) => heading(section) + show(section)).join('\n\n'));
    contents.set(`${result.bench}-run`, describeRun(result));
  }
  return { page: fill(page, contents), charts };
}

function heading({ group }: Section): string {
  return group === '' ? '' : `### ${group}\n\n`;
}

function show({ name, group, table, chart }: Section): string {
  return chart === null ? table : `![${group === '' ? name : group}](benchmarks/${name}.svg)\n\n${table}`;
}

function begin(name: string): string {
  return `<!-- begin:${name} -->`;
}

function hasMarker(page: string, name: string): boolean {
  return page.includes(begin(name));
}

function fill(page: string, contents: ReadonlyMap<string, string>): string {
  let filled = page;
  for (const [name, content] of contents) {
    const start = filled.indexOf(begin(name));
    if (start < 0) continue;
    const from = start + begin(name).length;
    const to = filled.indexOf(`<!-- end:${name} -->`, from);
    if (to < 0) throw new BadInput(`the page has ${begin(name)} and no end of it`);
    filled = `${filled.slice(0, from)}\n${content === '' ? '' : `\n${content}\n\n`}${filled.slice(to)}`;
  }
  return filled;
}

/** The published results that there are. Throws when one cannot be read. */
export function publishedResults(folder: string = resultsFolder): BenchResult[] {
  return benchNames
    .map((name) => join(folder, `${name}.json`))
    .filter((path) => existsSync(path))
    .map((path) => readResult(path));
}

function main(): number {
  const results = publishedResults();
  if (results.length === 0) {
    const names = benchNames.map((name) => `${name}.json`).join(', ');
    throw new BadInput(`there is no published result: put one of ${names} into docs/benchmarks`);
  }
  const { page, charts } = render(readFileSync(pagePath, 'utf8'), results);
  mkdirSync(resultsFolder, { recursive: true });
  for (const name of readdirSync(resultsFolder)) {
    if (name.endsWith('.svg') && !charts.has(name)) rmSync(join(resultsFolder, name));
  }
  for (const [name, text] of charts) writeFileSync(join(resultsFolder, name), text);
  writeFileSync(pagePath, page);
  process.stdout.write(`docs/performance.md and ${charts.size} charts, from ${results.length} results\n`);
  return exitCode.ok;
}

if (import.meta.main) await runMain(main);
