/**
 * Fills the tables of docs/conformance.md from the scenarios themselves: `node docs/conformance.ts`. A table stands behind a comment
 * that names its group; all else on the page is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Scenario, sources } from '../src/conformance/scenario.ts';
import { groups, scenarios } from '../src/conformance/scenarios/all.ts';

export const conformancePage = join(import.meta.dirname, 'conformance.md');
const table = /<!-- scenarios: ([^>]*) -->\n(?:.*\n)*?<!-- \/scenarios -->/g;
const lastGroup = 'at the end';

function escaped(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function row({ name, does, must, source, isBeside }: Scenario): string {
  const beside = isBeside === true ? ' *(beside)*' : '';
  return `| \`${name}\` | ${escaped(does)}${beside} | ${escaped(must)} | ${source} |`;
}

function scenariosOf(group: string): readonly Scenario[] {
  if (group === lastGroup) return scenarios.slice(-1);
  const found = groups[group];
  if (found === undefined) throw new Error(`docs/conformance.md: there is no group ${group}`);
  return found;
}

function filledTable(group: string): string {
  if (group === 'sources') {
    return [
      '| source | |',
      '|---|---|',
      ...Object.entries(sources).map(([name, meaning]) => `| ${name} | ${meaning} |`),
    ].join('\n');
  }
  return [
    '| scenario | what is done | what the server must do | source |',
    '|---|---|---|---|',
    ...scenariosOf(group).map(row),
  ].join('\n');
}

/** The page with its tables as they must be. Throws when a scenario would be in none. */
export function fillTables(page: string): string {
  const listed: string[] = [];
  const filled = page.replaceAll(table, (_, group: string) => {
    listed.push(group);
    return `<!-- scenarios: ${group} -->\n${filledTable(group)}\n<!-- /scenarios -->`;
  });
  const missing = [...Object.keys(groups), lastGroup].filter((group) => !listed.includes(group));
  if (missing.length > 0) throw new Error(`in no table of docs/conformance.md: ${missing.join(', ')}`);
  return filled;
}

if (import.meta.main) writeFileSync(conformancePage, fillTables(readFileSync(conformancePage, 'utf8')));
