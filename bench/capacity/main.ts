/** `npm run bench:capacity`: how many streams one gateway process holds with no drop and little delay. */

import { framesPerSecond as framesPerVoice } from '../../src/base/limits.ts';
import { integerFlag, numberFlag, participantsFlag, readFlags, sampleRateFlag } from '../load/flags.ts';
import { gatewayOf, gateways } from '../load/gateway.ts';
import { type Load, type Measurement, measureOnce } from '../load/measurement.ts';
import { assertLinux } from '../load/process-stats.ts';
import { columns, rowOf } from '../load/rows.ts';
import { streamsMax } from '../load/stream-socket.ts';
import { exitCode, runMain, writeResult } from '../report/cli.ts';
import { measure, type Row, result } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import { type SearchResult, search, type Verdict } from './search.ts';
import { residenceMsMax, verdictOn } from './verdict.ts';

const usage = `usage: npm run bench:capacity -- [flags]
  --from N             streams of the first step (500)
  --max N              streams of the last one (what the limit of open files allows)
  --precision N        where to stop, as a share of the result (0.05)
  --participants N     of each stream; 0: mixed audio (1)
  --sample-rate HZ     16000 or 24000 (16000)
  --seconds N          length of the measured window of a step (8)
  --warm-up N          seconds before it (4)
  --gateway DIR        the gateway of another checkout
  --json FILE          where the result goes (bench/results)
  --smoke              only shows that the benchmark works`;

const flagNames = ['from', 'max', 'precision', 'participants', 'sample-rate', 'seconds', 'warm-up', 'gateway'];
/** A step must fail this often: a neighbour that takes the processor for a moment is no limit of the gateway. */
const attemptsMax = 2;

/** What stopped the search, for a reader of the result. */
function remarksOn({ held, above }: SearchResult): string[] {
  if (above === 'unknown')
    return [`at least ${held}: above that the load generator, or the machine under both, was the limit`];
  if (above === 'held') return [`at least ${held}: more were not tried`];
  return [];
}

function say(streams: number, measurement: Measurement, verdict: Verdict): void {
  const figures = rowOf('', [measurement]).measures;
  const p99 = figures['residence p99']?.median.toFixed(1) ?? '–';
  console.error(`${streams} streams: ${verdict}, residence p99 ${p99} ms, ${measurement.dropped} drops`);
}

async function main(): Promise<number> {
  const startedAt = new Date();
  const spec = { bench: 'capacity', usage, flags: Object.fromEntries(flagNames.map((name) => [name, {}])) } as const;
  const { values, smoke, json } = readFlags(spec, process.argv.slice(2), startedAt);
  assertLinux();
  const range = {
    from: integerFlag(values, 'from', smoke ? 10 : 500),
    max: integerFlag(values, 'max', smoke ? 20 : streamsMax()),
    precision: numberFlag(values, 'precision', 0.05),
  };
  const timing = {
    warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 0.3 : 4),
    windowSeconds: numberFlag(values, 'seconds', smoke ? 0.5 : 8),
  };
  const participants = participantsFlag(values);
  const sampleRate = sampleRateFlag(values);
  const folder = values['gateway'];
  const kind = typeof folder === 'string' ? gatewayOf(folder) : gateways[0]!;

  const steps = new Map<number, Measurement[]>();
  const found = await search(range, async (streams) => {
    const framesPerSecond = streams * Math.max(1, participants) * framesPerVoice;
    const load: Load = { streams, framesPerSecond, participants, sampleRate };
    const all: Measurement[] = [];
    steps.set(streams, all);
    let verdict: Verdict = 'failed';
    while (all.length < attemptsMax && verdict !== 'held') {
      const measurement = await measureOnce(kind, load, timing);
      all.push(measurement);
      verdict = verdictOn(measurement);
      say(streams, measurement, verdict);
    }
    return verdict;
  });

  const rows: Row[] = [...steps]
    .sort(([a], [b]) => a - b)
    .map(([streams, all]) => {
      const { measures, ...row } = rowOf(`${streams.toLocaleString('en-US')} streams`, all);
      return { ...row, measures: { streams: measure('', 'neither', [streams]), ...measures } };
    });
  const capacity = { streams: measure('', 'higher', [found.held]) };
  rows.push({ name: 'capacity', measures: capacity, remarks: remarksOn(found) });
  const settings = { ...range, ...timing, participants, sampleRate, residenceMsMax, smoke };
  writeResult(result('capacity', startedAt, settings, rows), json);
  console.log(`${consoleTable(rows, ['streams', ...columns])}\n\n${json}`);

  const wrong = [...steps.values()].flat().flatMap((one) => one.mismatches);
  for (const mismatch of wrong) console.error(`what came out is not what went in: ${mismatch}`);
  return wrong.length === 0 ? exitCode.ok : 1;
}

await runMain(main);
