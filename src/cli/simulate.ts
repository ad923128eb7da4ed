/**
 * The command `simulate`: settings in, a run, its report out. Main thread; touches nothing of the process but `io`.
 * Invariant: with `--report json` standard output is exactly one JSON document, whatever happens after the settings.
 */
import { readFileSync } from 'node:fs';
import { GatewayError } from '../base/errors.ts';
import type { SampleRate } from '../base/limits.ts';
import { describeSettings, flagName, type Values } from '../config/setting.ts';
import { readSettings } from '../config/settings.ts';
import { headerProblems, shownUrl, urlProblem } from '../simulator/address.ts';
import { type AudioSource, fileAudio } from '../simulator/audio.ts';
import { churnPerCallMax } from '../simulator/churn.ts';
import { callerProblems, churnProblem, ranges, type SimulateOptions } from '../simulator/options.ts';
import type { SimulationReport } from '../simulator/report.ts';
import { simulateCalls } from '../simulator/simulator.ts';
import { type Stalling, stallProblem } from '../simulator/stall.ts';
import { summarize } from '../simulator/summary.ts';
import { check } from './check.ts';
import { headersOf } from './connection-settings.ts';
import type { CliIo } from './io.ts';
import { progressReporter } from './progress.ts';
import { isReplay, replay } from './replay.ts';
import { simulateSettings } from './simulate-settings.ts';

type SimulateValues = Values<typeof simulateSettings>;

/** Contradictions, each with its remedy. */
function crossFieldProblems(values: SimulateValues): string[] {
  const problems: string[] = [];
  if (values.url === null) {
    return ['--url: required: the address of the server under test, such as --url ws://127.0.0.1:8080/audio'];
  }
  const problem = urlProblem(values.url);
  if (problem !== null) problems.push(`--url: ${problem}`);
  else if (values.insecure && !values.url.startsWith('wss:')) {
    problems.push('--insecure: there is no certificate with ws://; leave it out, or use wss://');
  }
  const stalled = stallProblem(stallingOf(values), values.duration);
  if (stalled !== null) problems.push(`--${stalled}`);
  if (values.churn > values.calls * churnPerCallMax) problems.push(`--${churnProblem(values.churn, values.calls)}`);
  problems.push(...callerProblems({ ...values, bargeInMs: values.bargeIn ?? 0 }).map((line) => `--${line}`));
  problems.push(...headerProblems(headersOf(values), values.token).map((line) => `--${line}`));
  return problems;
}

function stallingOf({ stall, stallEvery }: SimulateValues): Stalling {
  return { stallMs: stall, stallEveryMs: stallEvery ?? 0 };
}

function readAudio(path: string | null, sampleRate: number): AudioSource | null {
  if (path === null) return null;
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GatewayError('bad_audio', `${path}: it cannot be read: ${reason}`, { cause: error });
  }
  return fileAudio(bytes, path, sampleRate);
}

function toOptions(values: SimulateValues): SimulateOptions {
  const sampleRate = Number(values.rate) as SampleRate;
  const { calls, participants, silence, jitterMs, loss, duplicate, reorder, malformed, churn, token, insecure, save } =
    values;
  const { stampJitterMs, stampGridMs, stampDriftPpm, saveHeard, marks, bargeIn, echoTest, reconnectEvery } = values;
  return {
    url: values.url!,
    calls,
    participants,
    sampleRate,
    durationMs: values.duration,
    audio: readAudio(values.audio, sampleRate),
    seed: values.seed ?? Math.floor(Math.random() * (ranges.seed.max + 1)),
    silence,
    jitterMs,
    stampJitterMs,
    stampGridMs,
    stampDriftPpm,
    ...stallingOf(values),
    loss,
    duplicate,
    reorder,
    malformed,
    churn,
    rampMs: values.ramp,
    headers: headersOf(values),
    token,
    insecure,
    save,
    saveHeard,
    marks,
    bargeInMs: bargeIn ?? 0,
    echoTest,
    reconnectEveryMs: reconnectEvery ?? 0,
  };
}

const usage = `Usage: acs-audio-gateway simulate --url URL [flags]

Plays Azure Communication Services calls against a server that takes their audio over WebSockets, at the pace of
real calls, and says what a correct server must have counted.

${describeSettings(simulateSettings)}

  --help                              this text
  --replay FILE                       play a capture instead; it has flags of its own: --replay FILE --help

Exit code: 0 if every call ran to its end, 1 if not, 2 for bad settings, 8 for an unusable audio file, 130 if stopped.

Examples:
  acs-audio-gateway simulate --url ws://127.0.0.1:8080/audio --calls 1000 --duration 1m
  acs-audio-gateway simulate --url wss://audio.example.com/audio --token SECRET --participants 4 --loss 0.01 --report json
`;

function exitCodeOf(report: SimulationReport): number {
  if (report.interrupted) return 130;
  return report.ok ? 0 : 1;
}

/** Runs the command and returns the exit code of the process. */
export async function simulate(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--check')) return check(argv, io);
  if (isReplay(argv)) return replay(argv, Object.keys(simulateSettings).map(flagName), io);
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  try {
    const values = readSettings(simulateSettings, { argv }, crossFieldProblems);
    const progress = progressReporter(io);
    const report = await simulateCalls(toOptions(values), { stopped: io.stopped, onProgress: progress.show });
    progress.clear();
    if (values.report === 'json') io.stdout(`${JSON.stringify(report)}\n`);
    if (report.unreachable !== null) io.stderr(`cannot reach ${shownUrl(values.url!)}: ${report.unreachable}\n`);
    else if (values.report === 'text') io.stdout(summarize(report));
    return exitCodeOf(report);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    io.stderr(`acs-audio-gateway simulate: ${error.message}\n`);
    return error.exitCode;
  }
}
