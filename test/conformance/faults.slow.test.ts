/** Every scenario can fail: for each there is a server that fails it, and one that passes them all. */
import { describe, expect, test } from 'vitest';
import { type CheckOptions, checkServer } from '../../src/conformance/runner.ts';
import { scenarios as all, speechScenarios } from '../../src/conformance/scenarios/all.ts';
import { unlessStarved } from '../support/starvation.ts';
import { proofs } from './faults.ts';
import { rightToken, ServerProcess } from './process.ts';

/** What a server must do that speaks is shown in speech.slow.test.ts. */
const scenarios = all.filter((scenario) => !speechScenarios.includes(scenario));
/** A loaded machine is no fault of a server that is expected to pass. */
const patient = { patienceMs: 8000, watchMs: 60, lateMs: 8000 };
/** Everything that must fail for want of an answer waits that long. */
const impatient = { patienceMs: 700, watchMs: 60, lateMs: 8000 };

function check(url: string, names: readonly string[] | null, options: Partial<CheckOptions> = {}) {
  const selected = names === null ? scenarios : scenarios.filter(({ name }) => names.includes(name));
  return checkServer({ url, scenarios: selected, timing: impatient, ...options });
}

test('a good server passes every scenario', async () => {
  await using server = await ServerProcess.start('server.ts', 'none', 'with-token');
  const report = await check(server.url, null, { token: rightToken, timing: patient });
  const others = report.scenarios.filter(({ verdict }) => verdict !== 'pass');
  expect(others.map(({ name, findings }) => [name, findings])).toEqual([]);
  expect([report.ok, report.scenarios.length]).toEqual([true, scenarios.length]);
});

test('every scenario has its proof', () => {
  expect(proofs.map(({ scenario }) => scenario)).toEqual(scenarios.map(({ name }) => name));
});

describe.concurrent('a server with one fault fails', () => {
  test.for(proofs)('$scenario when it $fault', ({ scenario, fault, seen, after = [] }, { expect }) =>
    unlessStarved(async () => {
      await using server = await ServerProcess.start(
        'server.ts',
        fault,
        ...(scenario.endsWith('-token') ? ['with-token'] : []),
      );
      const report = await check(server.url, [...after, scenario], { token: rightToken });
      const result = report.scenarios.find(({ name }) => name === scenario);
      expect(report.unreachable).toBe(null);
      expect(result?.verdict, JSON.stringify(report.scenarios)).toBe('fail');
      expect(result!.findings.map((finding) => finding.seen).join('\n')).toMatch(seen);
      expect(report.ok).toBe(false);
    }),
  );
});
