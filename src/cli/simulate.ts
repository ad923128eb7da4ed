/**
 * The command `simulate`: settings in, a run, its report out. Main thread; touches nothing of the process but `io`.
 * Invariant: with `--report json` standard output is exactly one JSON document, whatever happens after the settings.
 */
import { readFileSync } from 'node:fs';
import { GatewayError } from '../base/errors.ts';
import type { SampleRate } from '../base/limits.ts';
import { describeSettings, flagName, optional, setting, type Values } from '../config/setting.ts';
import { readSettings } from '../config/settings.ts';
import { headerProblems, shownUrl, urlProblem } from '../simulator/address.ts';
import { type AudioSource, fileAudio } from '../simulator/audio.ts';
import { churnPerCallMax } from '../simulator/churn.ts';
import { callerProblems, churnProblem, defaults, ranges, type SimulateOptions } from '../simulator/options.ts';
import type { SimulationReport } from '../simulator/report.ts';
import { simulateCalls } from '../simulator/simulator.ts';
import { type Stalling, stallProblem } from '../simulator/stall.ts';
import { summarize } from '../simulator/summary.ts';
import { check } from './check.ts';
import { connectionSettings, headersOf } from './connection-settings.ts';
import type { CliIo } from './io.ts';
import { progressReporter } from './progress.ts';
import { isReplay, replay } from './replay.ts';
import { reportSetting } from './report-setting.ts';

export const simulateSettings = {
  url: setting.text({ fallback: null, placeholder: 'URL', help: 'where to send the calls: ws:// or wss://; required' }),
  calls: setting.integer({ ...ranges.calls, fallback: defaults.calls, help: 'calls at the same time' }),
  participants: setting.integer({
    ...ranges.participants,
    fallback: defaults.participants,
    help: 'participants of each call (unmixed audio); 0 sends mixed audio',
  }),
  rate: setting.choice({ choices: ['16000', '24000'], fallback: '16000', help: 'samples per second' }),
  duration: setting.duration({
    fallbackMs: defaults.durationMs,
    minMs: ranges.durationMs.min,
    maxMs: ranges.durationMs.max,
    help: 'how long each call lasts',
  }),
  audio: setting.text({
    fallback: null,
    placeholder: 'FILE.wav',
    help: 'what is said: 16-bit PCM at --rate, played in a loop; else synthetic voices',
  }),
  seed: optional(
    setting.integer({
      ...ranges.seed,
      fallback: defaults.seed,
      help: 'ids, voices and impairments follow from it; else drawn, and reported',
    }),
  ),
  silence: setting.ratio({ fallback: defaults.silence, help: 'share of each call that is flagged silent' }),
  jitterMs: setting.number({
    ...ranges.jitterMs,
    fallback: defaults.jitterMs,
    help: 'every frame is delayed by 0 to this many milliseconds',
  }),
  stampJitterMs: setting.number({
    ...ranges.stampJitterMs,
    fallback: defaults.stampJitterMs,
    help: 'every timestamp is late by 0 to this many milliseconds',
  }),
  stampGridMs: setting.number({
    ...ranges.stampGridMs,
    fallback: defaults.stampGridMs,
    help: 'timestamps are multiples of this many milliseconds, as of a coarse clock',
  }),
  stampDriftPpm: setting.number({
    ...ranges.stampDriftPpm,
    fallback: defaults.stampDriftPpm,
    placeholder: 'PPM',
    help: 'the clock of timestamps is too fast by so many millionths',
  }),
  stall: setting.duration({
    fallbackMs: defaults.stallMs,
    minMs: ranges.stallMs.min,
    maxMs: ranges.stallMs.max,
    help: 'in the middle of the run the network stands still for so long; then everything arrives at once',
  }),
  stallEvery: optional(
    setting.duration({
      fallbackMs: defaults.stallEveryMs,
      minMs: 1000,
      maxMs: ranges.stallEveryMs.max,
      help: 'it stands still again and again, each time after so long; else once',
    }),
  ),
  loss: setting.ratio({ fallback: defaults.loss, help: 'share of frames that are never sent' }),
  duplicate: setting.ratio({ fallback: defaults.duplicate, help: 'share of frames that are sent twice' }),
  reorder: setting.ratio({ fallback: defaults.reorder, help: 'share of frames that change places with the next one' }),
  malformed: setting.ratio({ fallback: defaults.malformed, help: 'broken or unknown messages, per audio frame' }),
  churn: setting.number({
    ...ranges.churn,
    fallback: defaults.churn,
    placeholder: 'CALLS/S',
    help: 'calls per second that are hung up and replaced by new ones',
  }),
  reconnectEvery: optional(
    setting.duration({
      fallbackMs: defaults.reconnectEveryMs,
      minMs: 100,
      maxMs: ranges.reconnectEveryMs.max,
      help: 'each connection breaks off after so long and is dialled again for the same subscription',
    }),
  ),
  ramp: optional(
    setting.duration({
      fallbackMs: 0,
      minMs: ranges.rampMs.min,
      maxMs: ranges.rampMs.max,
      help: 'the calls are opened evenly over this time; else 2 ms a call, 2 s at most',
    }),
  ),
  ...connectionSettings,
  save: setting.text({
    fallback: null,
    placeholder: 'DIR',
    help: 'write what a perfect recorder must end up with, as WAV files',
  }),
  saveHeard: setting.text({
    fallback: null,
    placeholder: 'DIR',
    help: 'write what the server said into the calls, as it came and as it was heard, as WAV files',
  }),
  marks: setting.flag({ help: 'answer marks, as a beta of ACS does' }),
  bargeIn: optional(
    setting.duration({
      fallbackMs: defaults.bargeInMs,
      minMs: 20,
      maxMs: ranges.bargeInMs.max,
      help: 'callers speak 2 s, listen, and speak over each answer so long after it is first heard; else they speak all the time',
    }),
  ),
  echoTest: setting.flag({
    help: 'say bursts of noise, find them in what is heard, and tell the time from mouth to ear',
  }),
  report: reportSetting,
  check: setting.flag({ help: 'judge the server by named scenarios instead; it has flags of its own: --check --help' }),
};

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
