/** What is a warning, what is not applicable, and what a fault of one call does to the verdicts of others. */
import { describe, test } from 'vitest';
import { worst } from '../../src/conformance/finding.ts';
import { checkServer } from '../../src/conformance/runner.ts';
import type { Scenario } from '../../src/conformance/scenario.ts';
import { scenarios } from '../../src/conformance/scenarios/all.ts';
import {
  hasCredentials,
  spoiled,
  targetOf,
  withoutCredentials,
  withWrongCredentials,
} from '../../src/conformance/target.ts';
import { unlessStarved } from '../support/starvation.ts';
import { rightToken, ServerProcess } from './process.ts';

const timing = { patienceMs: 700, watchMs: 60, lateMs: 8000 };

async function verdictsOf(fault: string, names: readonly string[], token: string | null = null) {
  await using server = await ServerProcess.start('server.ts', fault, ...(token === null ? [] : ['with-token']));
  const selected = scenarios.filter(({ name }) => names.includes(name));
  const report = await checkServer({ url: server.url, scenarios: selected, token, timing });
  return {
    report,
    verdicts: report.scenarios.map(({ verdict }) => verdict),
    seen: report.scenarios.flatMap(({ findings }) => findings.map((finding) => finding.seen)).join('\n'),
  };
}

const rows: readonly (readonly [string, readonly string[], string | null, readonly string[], RegExp])[] = [
  ['none', ['no-token', 'bad-token'], null, ['warn', 'not applicable'], /lets everyone in/],
  ['none', ['no-token', 'bad-token'], rightToken, ['pass', 'pass'], /^$/],
  ['checks-the-token-later', ['no-token'], rightToken, ['warn'], /let in first; then the server closed it with 1008/],
  ['sends-texts', ['outbound'], null, ['warn'], /a text that is no JSON/],
  ['sends-audio', ['outbound'], null, ['pass'], /it sent \d+ messages for ACS/],
  ['none', ['steady', 'stop-first', 'slow-reader'], null, Array(3).fill('not applicable'), /does not speak: skipped/],
  ['echoes', ['outbound'], null, ['warn'], /our own messages, word for word/],
  ['breaks-off-on-ping', ['ping'], null, ['fail'], /the server (closed it without a close frame|broke it off)/],
  ['never-reads', ['flood', 'pace'], null, ['warn', 'fail'], /the server does not read/],
  [
    'ends-all-calls-on-binary',
    ['binary-message'],
    null,
    ['fail'],
    /another call was cut off meanwhile: the server closed it with 1011/,
  ],
  ['one-call-only', ['clean-call', 'big-packet'], null, ['pass', 'fail'], /a second call cut off the first/],
  [
    'refuses-a-second',
    ['clean-call', 'big-packet'],
    null,
    ['pass', 'warn'],
    /not let in: the server answered with 503/,
  ],
];

describe.concurrent('a server that', () => {
  test.for(rows)('%s: %j', ([fault, names, token, verdicts, seen], { expect }) =>
    unlessStarved(async () => {
      const outcome = await verdictsOf(fault, names, token);
      expect([...outcome.verdicts].sort(), outcome.seen).toEqual([...verdicts].sort());
      expect(outcome.seen).toMatch(seen);
      expect(outcome.report.ok).toBe(!verdicts.includes('fail'));
    }),
  );

  test('dies is named, and what comes after it is not run', ({ expect }) =>
    unlessStarved(async () => {
      const { report } = await verdictsOf('dies-of-malformed-json', ['unknown-kinds', 'malformed-json', 'final-call']);
      expect(report.scenarios.map(({ verdict, wasRun }) => [verdict, wasRun])).toEqual([
        ['pass', true],
        ['fail', true],
        ['not applicable', false],
      ]);
      expect(report.incomplete).toBe('the server is gone since malformed-json');
    }));

  test('blocks its loop holds up the call beside it', ({ expect }) =>
    unlessStarved(async () => {
      await using server = await ServerProcess.start('server.ts', 'blocks-on-a-big-message');
      const selected = scenarios.filter(({ name }) => name === 'big-packet' || name === 'odd-payloads');
      const run = (lateMs: number) =>
        checkServer({ url: server.url, scenarios: selected, timing: { ...timing, patienceMs: 8000, lateMs } });
      const strict = await run(200);
      expect(strict.scenarios.map(({ verdict }) => verdict)).toEqual(['fail', 'pass']);
      expect(strict.scenarios[0]!.findings[0]!.seen).toMatch(/another call had to wait for \d+ ms meanwhile/);
      expect((await run(1200)).scenarios[0]!.verdict).toBe('warn');
    }));
});

describe('a scenario', () => {
  const endless: Scenario = { ...scenarios[0]!, name: 'endless', run: () => new Promise(() => {}) };

  test('that does not come to its end is ended, and has failed', async ({ expect }) => {
    await using server = await ServerProcess.start('server.ts');
    const report = await checkServer({
      url: server.url,
      scenarios: [endless],
      timing: { patienceMs: 100, watchMs: 20 },
    });
    expect(report.scenarios[0]!.findings).toEqual([{ verdict: 'fail', seen: 'not finished within 780 ms' }]);
  });

  test('is not begun when the time for all is up, and the run is not ok', async ({ expect }) => {
    await using server = await ServerProcess.start('server.ts');
    const selected = scenarios.slice(0, 3);
    const report = await checkServer({ url: server.url, scenarios: selected, timing: { ...timing, totalMs: 0 } });
    expect([report.ok, report.incomplete]).toEqual([false, 'out of time']);
    expect(report.scenarios.every(({ wasRun }) => !wasRun)).toBe(true);
  });

  test('ends when the run is stopped', async ({ expect }) => {
    await using server = await ServerProcess.start('server.ts');
    const stopped = AbortSignal.timeout(300);
    const report = await checkServer({ url: server.url, scenarios: [endless, scenarios[0]!] }, { stopped });
    expect([report.ok, report.interrupted, report.incomplete]).toEqual([false, true, 'stopped']);
    expect(report.durationMs).toBeLessThan(5000);
  });

  test('is as bad as its worst finding', ({ expect }) => {
    expect(worst([])).toBe('pass');
    expect(
      worst([
        { verdict: 'warn', seen: '' },
        { verdict: 'pass', seen: '' },
      ]),
    ).toBe('warn');
    expect(
      worst([
        { verdict: 'warn', seen: '' },
        { verdict: 'fail', seen: '' },
      ]),
    ).toBe('fail');
    expect(worst([{ verdict: 'not applicable', seen: '' }])).toBe('not applicable');
  });
});

describe('credentials', () => {
  const target = targetOf({
    url: 'wss://x.example.com/audio?accesstoken=abc&lang=en',
    token: 'header.payload.signature',
  });

  test('are found in headers and in the query', ({ expect }) => {
    expect(hasCredentials(target)).toBe(true);
    expect(hasCredentials(targetOf({ url: 'ws://x/audio?accesstoken=a' }))).toBe(true);
    expect(hasCredentials(targetOf({ url: 'ws://x/audio', headers: { 'X-Api-Key': 'a' } }))).toBe(true);
    expect(hasCredentials(targetOf({ url: 'ws://x/audio?lang=en', headers: { 'X-Tenant': 'a' } }))).toBe(false);
  });

  test('can be left out, and nothing else with them', ({ expect }) => {
    const without = withoutCredentials(target);
    expect([without.url.search, without.headers]).toEqual(['?lang=en', {}]);
  });

  test('can be wrong in their second half only', ({ expect }) => {
    const wrong = withWrongCredentials(target);
    expect(wrong.headers['Authorization']).toBe(`Bearer header.paylo${'B'.repeat(2)}.${'B'.repeat(9)}`);
    expect(wrong.url.searchParams.get('accesstoken')).not.toBe('abc');
    for (const secret of ['B', 'AB', 'BBBB', 'Bearer B', 'x1']) expect(spoiled(secret)).not.toBe(secret);
  });
});
