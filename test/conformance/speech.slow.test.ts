/** Servers that speak, right and wrong, fail what docs/conformance.md says, and each scenario fails one of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkServer } from '../../src/conformance/runner.ts';
import type { Scenario } from '../../src/conformance/scenario.ts';
import { speechScenarios } from '../../src/conformance/scenarios/all.ts';
import { unlessStarved } from '../support/starvation.ts';
import { ServerProcess } from './process.ts';

const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
const table = /<!-- speech -->\n([\s\S]*?)<!-- \/speech -->/.exec(page)![1]!;
const rows = table.split('\n').filter((line) => line.startsWith('| '));
const cellsOf = (row: string) => row.split('|').map((cell) => cell.trim().replaceAll(/[`*]/g, ''));
const columns = cellsOf(rows[0]!);

/** By scenario, in the column of this name. */
function told(column: string): Record<string, string> {
  const at = columns.indexOf(column);
  return Object.fromEntries(rows.slice(1).map((row) => [cellsOf(row)[1]!, cellsOf(row)[at]!]));
}

const servers: readonly (readonly [string, string, ...string[]])[] = [
  ['an agent', 'answerer.ts'],
  ['echo', '../../examples/echo/main.ts', '0', '0'],
  ['sample', 'speaking.ts', 'sample'],
  ['relative-timers', 'speaking.ts', 'relative-timers'],
  ['all-at-once', 'speaking.ts', 'all-at-once'],
  ['no-second-chance', 'speaking.ts', 'no-second-chance'],
];

/** A server for each half of the scenarios, so that they take half the time: most of it is speech that is waited for. */
const halves = [0, 1].map((half) => speechScenarios.filter((_, i) => i % 2 === half));

const words: Readonly<Record<string, string>> = { 'not applicable': 'n/a' };

describe.concurrent('the verdicts are those of the page on', () => {
  test.for(servers)('%s', ([column, file, ...args], { expect }) => {
    const seen: Record<string, string> = {};
    // On a machine without time for them all at once, those are judged again that were not as they should be.
    return unlessStarved(async () => {
      const judge = async (half: readonly Scenario[]) => {
        const left = half.filter(({ name }) => seen[name] !== told(column)[name]);
        await using server = await ServerProcess.startKept(file, ...args);
        const { scenarios, unreachable } = await checkServer({ url: server.url, scenarios: left });
        expect(unreachable).toBe(null);
        for (const { name, verdict } of scenarios) seen[name] = words[verdict] ?? verdict;
        return scenarios.flatMap(({ name, findings }) => findings.map((each) => `${name}: ${each.seen}`));
      };
      const findings = (await Promise.all(halves.map(judge))).flat();
      expect(seen, findings.join('\n')).toEqual(told(column));
    });
  });

  test('a server that does all of it right: none', ({ expect }) =>
    unlessStarved(async () => {
      const judge = async (scenarios: readonly Scenario[]) => {
        await using server = await ServerProcess.start('speaking.ts', 'good');
        return (await checkServer({ url: server.url, scenarios })).scenarios;
      };
      const others = (await Promise.all(halves.map(judge))).flat().filter(({ verdict }) => verdict !== 'pass');
      expect(others.map(({ name, findings }) => [name, findings])).toEqual([]);
    }));
});

test('each scenario fails one of them', () => {
  expect(rows.slice(1).map((row) => cellsOf(row)[1])).toEqual(speechScenarios.map(({ name }) => name));
  for (const row of rows.slice(1)) expect(row).toContain('**fail**');
});
