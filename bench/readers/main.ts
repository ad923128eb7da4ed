/** `npm run bench:readers`: what it costs to read frames in another thread, beside a message for each of them. */
import { integerFlag, numberFlag, readFlags } from '../load/flags.ts';
import { interleave } from '../load/interleave.ts';
import { runMain, writeResult } from '../report/cli.ts';
import { measure, type Row, result } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import { type Outcome, run, type Timing, type Way, ways } from './traffic.ts';

const usage = `usage: npm run bench:readers -- [flags]
  --participants N   each with 50 frames a second (1000)
  --seconds N        length of the measured window (8)
  --warm-up N        seconds before it (3)
  --repetitions N    of every row, in turns (3)
  --json FILE        where the result goes (bench/results)
  --smoke            only shows that the benchmark works`;

function rowOf(way: Way, outcomes: readonly Outcome[]): Row {
  const of = (value: (outcome: Outcome) => number) => outcomes.map(value);
  const perFrame = (us: (outcome: Outcome) => number) => of((outcome) => us(outcome) / Math.max(1, outcome.frames));
  return {
    name: way,
    measures: {
      'frames/s': measure(
        '',
        'neither',
        of(({ frames, seconds }) => Math.round(frames / seconds)),
      ),
      'CPU, giving side': measure(
        'µs/frame',
        'lower',
        perFrame(({ givingUs }) => givingUs),
      ),
      ...(way !== 'write only' && {
        'CPU, reading side': measure(
          'µs/frame',
          'lower',
          perFrame(({ readingUs }) => readingUs),
        ),
        lapped: measure(
          'frames',
          'lower',
          of(({ framesLapped }) => framesLapped),
        ),
      }),
    },
    remarks: [],
  };
}

async function main(): Promise<number> {
  const startedAt = new Date();
  const names = ['participants', 'seconds', 'warm-up', 'repetitions'];
  const spec = { bench: 'readers', usage, flags: Object.fromEntries(names.map((name) => [name, {}])) } as const;
  const { values, smoke, json } = readFlags(spec, process.argv.slice(2), startedAt);
  const timing: Timing = {
    participants: integerFlag(values, 'participants', smoke ? 20 : 1000),
    warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 0.3 : 3),
    windowSeconds: numberFlag(values, 'seconds', smoke ? 0.5 : 8),
  };
  const repetitions = integerFlag(values, 'repetitions', smoke ? 1 : 3);
  const outcomes = await interleave(ways, repetitions, (way) => run(way, timing));
  const rows = ways.map((way, i) => rowOf(way, outcomes[i]!));
  writeResult(result('readers', startedAt, { ...timing, repetitions, smoke }, rows), json);
  console.log(`${consoleTable(rows)}\n\n${json}`);
  return 0;
}

await runMain(main);
