/** What Microsoft's sample fails, as docs/conformance.md tells it. */
import { readFileSync } from 'node:fs';
import { test } from 'vitest';
import type { CheckReport } from '../../src/conformance/report.ts';
import { checkServer } from '../../src/conformance/runner.ts';
import { scenarios } from '../../src/conformance/scenarios/all.ts';
import { unlessStarved } from '../support/starvation.ts';
import { rightToken, ServerProcess } from './process.ts';

const timing = { patienceMs: 5000, watchMs: 60, lateMs: 8000 };
const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');

/** What is not a pass in a column of the table: `name` to `fail` or `warn`. */
function told(column: number): Record<string, string> {
  const table = /<!-- sample -->\n([\s\S]*?)<!-- \/sample -->/.exec(page)![1]!;
  const verdicts: Record<string, string> = {};
  for (const row of table.split('\n').filter((line) => line.startsWith('| `'))) {
    const cells = row.split('|').map((cell) => cell.trim());
    const verdict = cells[column]!.replaceAll('*', '');
    if (verdict !== 'pass' && verdict !== '') verdicts[cells[1]!.replaceAll('`', '')] = verdict;
  }
  return verdicts;
}

function seen(report: CheckReport): Record<string, string> {
  const others = report.scenarios.filter(
    ({ verdict, wasRun }) => wasRun && verdict !== 'pass' && verdict !== 'not applicable',
  );
  return Object.fromEntries(others.map(({ name, verdict }) => [name, verdict]));
}

test.concurrent("Microsoft's sample fails what the page says", ({ expect }) =>
  unlessStarved(async () => {
    await using server = await ServerProcess.startKept('sample.ts');
    const report = await checkServer({ url: server.url, scenarios, timing });
    expect(report.incomplete).toBe(null);
    expect(seen(report), JSON.stringify(report.scenarios.filter(({ verdict }) => verdict === 'fail'))).toEqual(told(2));
  }));

test.concurrent('the same without a try around the parser fails what the page says, and dies of each', ({ expect }) =>
  unlessStarved(async () => {
    await using server = await ServerProcess.startKept('sample.ts', 'uncaught');
    const report = await checkServer({ url: server.url, scenarios, timing });
    expect(report.incomplete).toBe(null);
    expect(seen(report), JSON.stringify(report.scenarios.filter(({ verdict }) => verdict === 'fail'))).toEqual(told(3));
    expect(server.deaths).toBeGreaterThanOrEqual(report.counts.fail);
  }));

test.concurrent('a token that is checked after the connection was accepted is a warning', ({ expect }) =>
  unlessStarved(async () => {
    await using server = await ServerProcess.start('sample.ts', 'jwt');
    const tokens = scenarios.filter(({ name }) => name.endsWith('-token'));
    const report = await checkServer({ url: server.url, token: rightToken, scenarios: tokens, timing });
    expect(seen(report)).toEqual({ 'no-token': 'warn', 'bad-token': 'warn' });
    expect(report.scenarios[0]!.findings[0]!.seen).toContain('let in first; then the server closed it with 1008');
  }));
