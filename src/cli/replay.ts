/** `simulate --replay`: plays captures in the place of made-up calls. Main thread; touches nothing of the process but `io`. */
import { GatewayError } from '../base/errors.ts';
import { describeSettings, setting, type Values } from '../config/setting.ts';
import { readSettings } from '../config/settings.ts';
import { headerProblems, shownUrl, urlProblem } from '../simulator/address.ts';
import { replayCaptures } from '../simulator/replay.ts';
import { summarizeReplay } from '../simulator/replay-report.ts';
import { progressLine } from '../simulator/summary.ts';
import { connectionSettings, headersOf } from './connection-settings.ts';
import type { CliIo } from './io.ts';
import { reportSetting } from './report-setting.ts';

export const replaySettings = {
  url: setting.text({ fallback: null, placeholder: 'URL', help: 'where to play it: ws:// or wss://; required' }),
  replay: setting.list({ placeholder: 'FILE', help: 'a capture of serve --capture' }),
  speed: setting.text({
    fallback: '1',
    placeholder: 'N|max',
    pattern: /^(max|\d{1,3}(\.\d{1,3})?)$/,
    expects: 'a number such as 2 or 0.5, or max',
    help: 'how many times as fast as it was; max: as fast as the server takes it',
  }),
  ...connectionSettings,
  report: reportSetting,
};

type ReplayValues = Values<typeof replaySettings>;

const usage = `Usage: acs-audio-gateway simulate --replay FILE --url URL [flags]

Plays what a gateway recorded with serve --capture: the same sockets, messages and closes, at the same times.

${describeSettings(replaySettings)}

Exit code: 0 if everything was sent and every socket ended as in the capture, 1 if not, 2 for bad settings, 10 for a file
that is not a capture, 130 if stopped.
`;

function crossFieldProblems(values: ReplayValues): string[] {
  const problems: string[] = [];
  const problem = values.url === null ? 'required: the address of the server under test' : urlProblem(values.url);
  if (problem !== null) problems.push(`--url: ${problem}`);
  else if (values.insecure && !values.url!.startsWith('wss:')) {
    problems.push('--insecure: there is no certificate with ws://; leave it out, or use wss://');
  }
  if (Number(values.speed) === 0) problems.push('--speed: 0: expected more than 0');
  return [...problems, ...headerProblems(headersOf(values), values.token).map((line) => `--${line}`)];
}

/** Flags that say what calls are like: with a capture, that is settled. */
function refuseOthers(argv: readonly string[], simulatorFlags: readonly string[]): void {
  const own = new Set(Object.keys(replaySettings).map((key) => `--${key}`));
  const others = argv
    .map((word) => word.split('=')[0]!)
    .filter((word) => simulatorFlags.includes(word) && !own.has(word));
  if (others.length === 0) return;
  const lines = others.map((flag) => `  ${flag}: not with --replay: the capture says what is sent; leave it out`);
  throw new GatewayError(
    'bad_settings',
    `${others.length} bad setting${others.length > 1 ? 's' : ''}:\n${lines.join('\n')}`,
  );
}

/** Whether the arguments of `simulate` ask for a replay. */
export function isReplay(argv: readonly string[]): boolean {
  return argv.some((word) => word === '--replay' || word.startsWith('--replay='));
}

/** Runs the command and returns the exit code of the process. `simulatorFlags`: those that `simulate` knows without it. */
export async function replay(argv: readonly string[], simulatorFlags: readonly string[], io: CliIo): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    io.stdout(usage);
    return 0;
  }
  try {
    refuseOthers(argv, simulatorFlags);
    const values = readSettings(replaySettings, { argv }, crossFieldProblems);
    const headers = headersOf(values);
    const options = {
      url: values.url!,
      files: values.replay,
      speed: values.speed === 'max' ? Number.POSITIVE_INFINITY : Number(values.speed),
      headers: values.token === null ? headers : { ...headers, Authorization: `Bearer ${values.token}` },
      insecure: values.insecure,
    };
    let shown = 0;
    const report = await replayCaptures(options, {
      stopped: io.stopped,
      onProgress: (progress) => {
        if (++shown % 5 === 0) io.stderr(`${progressLine(progress)}\n`);
      },
    });
    if (values.report === 'json') io.stdout(`${JSON.stringify(report)}\n`);
    if (report.unreachable !== null) io.stderr(`cannot reach ${shownUrl(options.url)}: ${report.unreachable}\n`);
    else if (values.report === 'text') io.stdout(summarizeReplay(report));
    return report.interrupted ? 130 : report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    io.stderr(`acs-audio-gateway simulate: ${error.message}\n`);
    return error.exitCode;
  }
}
