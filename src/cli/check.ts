/**
 * The command `simulate --check`: settings in, verdicts out. Main thread; touches nothing of the process but `io`. Invariant: with
 * `--report json` standard output is exactly one JSON document, whatever the server does.
 */
import { GatewayError } from '../base/errors.ts';
import { describeSettings, setting, type Values } from '../config/setting.ts';
import { readSettings } from '../config/settings.ts';
import { resultLines, summaryLine } from '../conformance/report.ts';
import { checkServer } from '../conformance/runner.ts';
import type { Scenario } from '../conformance/scenario.ts';
import { scenarios } from '../conformance/scenarios/all.ts';
import { defaultTiming } from '../conformance/timing.ts';
import { headerProblems, shownUrl, urlProblem } from '../simulator/address.ts';
import { connectionSettings, headersOf } from './connection-settings.ts';
import type { CliIo } from './io.ts';
import { reportSetting } from './report-setting.ts';

export const checkSettings = {
  check: setting.flag({ help: 'judge the server by named scenarios instead of playing calls' }),
  url: setting.text({ fallback: null, placeholder: 'URL', help: 'the server under test: ws:// or wss://; required' }),
  only: setting.text({ fallback: null, placeholder: 'NAME,NAME', help: 'these scenarios only' }),
  list: setting.flag({ help: 'print the scenarios and end' }),
  ...connectionSettings,
  patience: setting.duration({
    fallbackMs: defaultTiming.patienceMs,
    minMs: 50,
    maxMs: 60_000,
    help: 'how long the server has for any one answer',
  }),
  watch: setting.duration({
    fallbackMs: defaultTiming.watchMs,
    minMs: 20,
    maxMs: 60_000,
    help: 'how long a connection is watched after what was done to it; longer scenarios take a multiple',
  }),
  late: setting.duration({
    fallbackMs: defaultTiming.lateMs,
    minMs: 10,
    maxMs: 60_000,
    help: 'how long another call may have to wait; a quarter of it is a warning',
  }),
  report: reportSetting,
};

type CheckValues = Values<typeof checkSettings>;

function namesOf(only: string | null): readonly string[] | null {
  return only === null ? null : only.split(',').map((name) => name.trim());
}

/** Contradictions, each with its remedy. */
function crossFieldProblems(values: CheckValues): string[] {
  const problems: string[] = [];
  for (const name of namesOf(values.only) ?? []) {
    if (!scenarios.some((scenario) => scenario.name === name)) {
      problems.push(`--only: there is no scenario ${JSON.stringify(name)}; --check --list names them all`);
    }
  }
  if (values.list) return problems;
  if (values.url === null) return [...problems, '--url: required: the server under test, as ACS would be given it'];
  const problem = urlProblem(values.url);
  if (problem !== null) problems.push(`--url: ${problem}`);
  else if (values.insecure && !values.url.startsWith('wss:')) {
    problems.push('--insecure: there is no certificate with ws://; leave it out, or use wss://');
  }
  return [...problems, ...headerProblems(headersOf(values), values.token).map((line) => `--${line}`)];
}

const usage = `Usage: acs-audio-gateway simulate --check --url URL [flags]

Judges any server that takes the audio of Azure Communication Services: what ACS does, in named scenarios, and whether
the server survives it, as seen from outside. About a minute; sends synthetic audio only.

${describeSettings(checkSettings)}

  --help                              this text

Exit code: 0 if no scenario failed (warnings are allowed), 1 if one did or the server cannot be reached, 2 for bad settings,
130 if stopped.

Examples:
  acs-audio-gateway simulate --check --url ws://127.0.0.1:8080/audio
  acs-audio-gateway simulate --check --url wss://audio.example.com/audio --token SECRET --report json
  acs-audio-gateway simulate --check --url ws://127.0.0.1:8080/audio --only unknown-kinds,malformed-json
`;

function list(selected: readonly Scenario[], asJson: boolean): string {
  if (asJson) {
    return `${JSON.stringify(selected.map(({ name, does, must, source, matters, remedy }) => ({ name, does, must, source, matters, remedy })))}\n`;
  }
  const width = Math.max(...selected.map(({ name }) => name.length));
  return selected.map(({ name, does }) => `${name.padEnd(width)}  ${does}\n`).join('');
}

/** Runs the command and returns the exit code of the process. */
export async function check(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  let values: CheckValues;
  try {
    values = readSettings(checkSettings, { argv }, crossFieldProblems);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    io.stderr(`acs-audio-gateway simulate --check: ${error.message}\n`);
    return error.exitCode;
  }
  const only = namesOf(values.only);
  const selected = only === null ? scenarios : scenarios.filter(({ name }) => only.includes(name));
  const asJson = values.report === 'json';
  if (values.list) {
    io.stdout(list(selected, asJson));
    return 0;
  }
  const width = Math.max(...selected.map(({ name }) => name.length));
  const report = await checkServer(
    {
      url: values.url!,
      headers: headersOf(values),
      token: values.token,
      insecure: values.insecure,
      scenarios: selected,
      timing: { patienceMs: values.patience, watchMs: values.watch, lateMs: values.late },
    },
    {
      stopped: io.stopped,
      onResult: (result) => {
        if (!asJson) io.stdout(resultLines(result, width));
      },
    },
  );
  if (asJson) io.stdout(`${JSON.stringify(report)}\n`);
  if (report.unreachable !== null)
    io.stderr(`nothing could be checked at ${shownUrl(values.url!)}: ${report.unreachable}\n`);
  else if (!asJson) io.stdout(summaryLine(report));
  if (report.interrupted) return 130;
  return report.ok ? 0 : 1;
}
