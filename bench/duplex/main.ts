/**
 * `npm run bench:duplex`: what it costs to speak into calls beside hearing them, and how well it is done. The gateway beside its
 * rivals under the same paced load, each server a fresh process. Fails when what a call heard is not what was sent into it.
 */
import { framesPerSecond } from '../../src/base/limits.ts';
import { type Flags, integerFlag, numberFlag, participantsFlag, readFlags } from '../load/flags.ts';
import { interleave } from '../load/interleave.ts';
import type { Load, Timing } from '../load/measurement.ts';
import { assertLinux } from '../load/process-stats.ts';
import { formatTargets } from '../load/targets.ts';
import { BadInput, exitCode, runMain, writeResult } from '../report/cli.ts';
import { result } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import { kinds } from './kinds.ts';
import { nameOf } from './labels.ts';
import { type DuplexMeasurement, measureOnce, verify } from './measurement.ts';
import { columns, cpuUsPerFrame, rowOf } from './rows.ts';
import type { DuplexKind } from './server.ts';
import { duplexTargets } from './targets.ts';

const usage = `usage: npm run bench:duplex -- [flags]
  --streams N          calls, each with 50 frames a second each way (1000)
  --participants N     of each call; 0: mixed audio (0)
  --seconds N          length of the measured window (20)
  --warm-up N          seconds before it (6)
  --repetitions N      of every row, in turns (3)
  --rows KEY,KEY       ${kinds.map(({ key }) => key).join(', ')} (all)
  --json FILE          where the result goes (bench/results)
  --smoke              only shows that the benchmark works`;

const flagNames = ['streams', 'participants', 'seconds', 'warm-up', 'repetitions', 'rows'];
const sampleRate = 16_000;

function kindsOf({ values }: Flags): readonly DuplexKind[] {
  const rows = values['rows'];
  if (typeof rows !== 'string') return kinds;
  return rows.split(',').map((key) => {
    const kind = kinds.find((one) => one.key === key);
    if (kind === undefined) throw new BadInput(`--rows: no row ${JSON.stringify(key)}\n${usage}`);
    return kind;
  });
}

function loadOf({ values, smoke }: Flags): Load {
  const participants = values['participants'] === undefined ? 0 : participantsFlag(values);
  const streams = integerFlag(values, 'streams', smoke ? 10 : 1000);
  const total = streams * framesPerSecond * Math.max(1, participants);
  return { streams, framesPerSecond: total, participants, sampleRate };
}

/** Returns whether every server hears what it is sent, and every call what is sent into it. */
async function verifyAll(chosen: readonly DuplexKind[], load: Load): Promise<boolean> {
  let isCorrect = true;
  for (const kind of chosen) {
    const found = await verify(kind, load);
    for (const mismatch of found) console.error(`${nameOf(kind.mode, kind.label)}: ${mismatch}`);
    isCorrect &&= found.length === 0;
  }
  return isCorrect;
}

async function main(): Promise<number> {
  const startedAt = new Date();
  const spec = { bench: 'duplex', usage, flags: Object.fromEntries(flagNames.map((name) => [name, {}])) } as const;
  const flags = readFlags(spec, process.argv.slice(2), startedAt);
  const { values, smoke, json } = flags;
  const chosen = kindsOf(flags);
  const load = loadOf(flags);
  const timing: Timing = {
    warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 1 : 6),
    windowSeconds: numberFlag(values, 'seconds', smoke ? 1 : 20),
  };
  const repetitions = integerFlag(values, 'repetitions', smoke ? 1 : 3);
  assertLinux();

  if (!(await verifyAll(chosen, load))) return 1;
  console.error('content: every server hears what it is sent, every call what is sent into it');

  const measured = await interleave(chosen, repetitions, async (kind, repetition) => {
    const one = await measureOnce(kind, load, timing);
    const name = nameOf(kind.mode, kind.label);
    console.error(
      [`${repetition + 1}. ${name}: ${cpuUsPerFrame(one).toFixed(2)} µs/frame`, ...one.mismatches].join('; '),
    );
    return one;
  });
  const hearing = ({ family, mode }: DuplexKind): DuplexMeasurement[] => {
    const at = mode === 'speaks' ? chosen.findIndex((kind) => kind.family === family && kind.mode === 'hears') : -1;
    return measured[at] ?? [];
  };
  const rows = chosen.map((kind, i) => rowOf(nameOf(kind.mode, kind.label), measured[i]!, hearing(kind)));
  const { streams, participants } = load;
  writeResult(result('duplex', startedAt, { ...timing, repetitions, streams, participants, smoke }, rows), json);
  console.log(consoleTable(rows, columns));
  if (!smoke) console.log(`\n${formatTargets(duplexTargets(rows))}`);
  console.log(`\n${json}`);
  const isWrong = measured.some((all) => all.some((one) => one.mismatches.length > 0));
  if (isWrong) console.error('what came out is not what went in');
  return isWrong ? 1 : exitCode.ok;
}

await runMain(main);
