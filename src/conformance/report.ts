/**
 * The result of a check: an object for machines, a table for people. Pure; any thread. Invariant: contains no value that may
 * be a credential.
 */
import { type Finding, type Verdict, worst } from './finding.ts';
import type { Scenario } from './scenario.ts';

export interface ScenarioResult {
  readonly name: string;
  readonly verdict: Verdict;
  /** False: the run ended first. */
  readonly wasRun: boolean;
  readonly durationMs: number;
  readonly does: string;
  readonly must: string;
  readonly source: string;
  readonly findings: readonly Finding[];
  /** Only with a warning or a failure. */
  readonly matters: string | null;
  readonly remedy: string | null;
}

export interface CheckReport {
  readonly reportVersion: 1;
  /** No scenario failed, and all requested ones were run. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  /** Why nothing could be checked at all, else null. */
  readonly unreachable: string | null;
  /** Why some scenarios were not run, else null. */
  readonly incomplete: string | null;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly durationMs: number;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly scenarios: readonly ScenarioResult[];
}

const marks: Readonly<Record<Verdict, string>> = { pass: 'pass', warn: 'warn', fail: 'FAIL', 'not applicable': 'n/a ' };

/** `ms` is null for a scenario that was not run. */
export function resultOf(scenario: Scenario, findings: readonly Finding[], ms: number | null): ScenarioResult {
  const verdict = ms === null ? 'not applicable' : worst(findings);
  const { name, does, must, source, matters, remedy } = scenario;
  const isWrong = verdict === 'fail' || verdict === 'warn';
  return {
    name,
    verdict,
    wasRun: ms !== null,
    durationMs: Math.round(ms ?? 0),
    does,
    must,
    source,
    findings,
    matters: isWrong ? matters : null,
    remedy: isWrong ? remedy : null,
  };
}

/** One row of the table with its details below; nothing for a scenario that was not run. */
export function resultLines(result: ScenarioResult, nameWidth: number): string {
  const { name, verdict, does, findings, matters, remedy } = result;
  if (!result.wasRun) return '';
  const indent = ' '.repeat(6);
  const lines = [`${marks[verdict]}  ${name.padEnd(nameWidth)}  ${does}`];
  for (const { seen } of findings) lines.push(`${indent}${seen}`);
  if (matters !== null) lines.push(`${indent}why it matters: ${matters}`, `${indent}what to do: ${remedy}`);
  return `${lines.join('\n')}\n`;
}

export function summaryLine(report: CheckReport): string {
  const { counts, scenarios, durationMs } = report;
  const parts = [`${counts.pass} passed`, `${counts.warn} with a warning`, `${counts.fail} failed`];
  const unrun = scenarios.filter(({ wasRun }) => !wasRun).length;
  if (counts['not applicable'] > unrun) parts.push(`${counts['not applicable'] - unrun} not applicable`);
  if (unrun > 0) parts.push(`${unrun} not run`);
  const head = `${scenarios.length} scenarios in ${(durationMs / 1000).toFixed(1)} s: ${parts.join(', ')}`;
  const incomplete = report.incomplete === null ? '' : `\nnot complete: ${report.incomplete}`;
  return `\n${head}${incomplete}\n${report.ok ? 'ok' : 'not ok'}\n`;
}
