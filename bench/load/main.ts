/**
 * `npm run bench:load`: the gateway beside its rivals under the same paced load, each server a fresh process. Fails when
 * what came out of a server is not what went in.
 */
import { framesPerSecond } from '../../src/base/limits.ts';
import { BadInput, exitCode, runMain, writeResult } from '../report/cli.ts';
import { result } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import {
  type Flags,
  integerFlag,
  integersFlag,
  numberFlag,
  participantsFlag,
  readFlags,
  sampleRateFlag,
} from './flags.ts';
import { gatewayOf, gateways, unmeasured } from './gateway.ts';
import { interleave } from './interleave.ts';
import { groupName, rowName } from './labels.ts';
import { type Load, type Measurement, measureOnce, type Timing } from './measurement.ts';
import { assertLinux } from './process-stats.ts';
import { rivals } from './rival.ts';
import { columns, cpuUsPerFrame, framesPerSecondOf, remarksOn, rowOf } from './rows.ts';
import type { ServerKind } from './server.ts';
import { formatRatios, formatTargets, loadTargets } from './targets.ts';
import { benchTls } from './tls/main.ts';
import { verifyAll } from './verification.ts';

const usage = `usage: npm run bench:load -- [flags]
  --loads N,N          frames per second of all streams (50000,150000)
  --streams N          instead of a stream for every 50 frames per second and participant
  --participants N     of each stream; 0: mixed audio (1)
  --sample-rate HZ     16000 or 24000 (16000)
  --seconds N          length of the measured window (10)
  --warm-up N          seconds before it (4)
  --repetitions N      of every row, in turns (3)
  --rows KEY,KEY       ${[...rivals, ...gateways].map(({ key }) => key).join(', ')} (all), ${unmeasured.key}
  --against DIR        adds the gateway of another checkout; may be repeated
  --json FILE          where the result goes (bench/results)
  --smoke              only shows that the benchmark works
  --tls                what TLS costs instead; --tls --help has its flags`;

const flagNames = ['loads', 'streams', 'participants', 'sample-rate', 'seconds', 'warm-up', 'repetitions', 'rows'];

interface Case {
  readonly name: string;
  readonly kind: ServerKind;
  readonly load: Load;
}

interface Settings {
  readonly loads: readonly Load[];
  readonly kinds: readonly ServerKind[];
  readonly timing: Timing;
  readonly repetitions: number;
}

function kindsOf({ values }: Flags): ServerKind[] {
  const against = values['against'];
  const others = Array.isArray(against) ? against.map(gatewayOf) : [];
  const known = [...rivals, ...gateways];
  const rows = values['rows'];
  if (typeof rows !== 'string') return [...known, ...others];
  const chosen = rows.split(',').map((key) => {
    const kind = [...known, unmeasured].find((one) => one.key === key);
    if (kind === undefined) throw new BadInput(`--rows: no row ${JSON.stringify(key)}\n${usage}`);
    return kind;
  });
  return [...chosen, ...others];
}

function settingsOf(flags: Flags): Settings {
  const { values, smoke } = flags;
  const participants = participantsFlag(values);
  const sampleRate = sampleRateFlag(values);
  const framesPerStream = framesPerSecond * Math.max(1, participants);
  const loads = integersFlag(values, 'loads', smoke ? [500] : [50_000, 150_000]).map((total): Load => {
    const streams = integerFlag(values, 'streams', Math.max(1, Math.round(total / framesPerStream)));
    return { streams, framesPerSecond: total, participants, sampleRate };
  });
  return {
    loads,
    kinds: kindsOf(flags),
    timing: {
      warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 0.3 : 4),
      windowSeconds: numberFlag(values, 'seconds', smoke ? 1 : 10),
    },
    repetitions: integerFlag(values, 'repetitions', smoke ? 1 : 3),
  };
}

function say({ name }: Case, repetition: number, one: Measurement): void {
  const figures = `${Math.round(framesPerSecondOf(one))} frames/s, ${cpuUsPerFrame(one).toFixed(2)} µs/frame`;
  console.error([`${repetition + 1}. ${name}: ${figures}`, ...remarksOn([one])].join('; '));
}

async function main(): Promise<number> {
  const startedAt = new Date();
  const single = Object.fromEntries(flagNames.map((name) => [name, {}]));
  const spec = { bench: 'load', usage, flags: { ...single, against: { multiple: true } } } as const;
  const flags = readFlags(spec, process.argv.slice(2), startedAt);
  const settings = settingsOf(flags);
  const { loads, kinds, timing, repetitions } = settings;
  assertLinux();

  if (!(await verifyAll(kinds, loads[0]!))) return 1;
  console.error('content: every server decodes what it is sent');

  const cases = loads.flatMap((load) =>
    kinds.map((kind): Case => ({ name: rowName(groupName(load.framesPerSecond), kind.label), kind, load })),
  );
  const measured = await interleave(cases, repetitions, async (one, repetition) => {
    const measurement = await measureOnce(one.kind, one.load, timing);
    say(one, repetition, measurement);
    return measurement;
  });
  const rows = cases.map(({ name }, i) => rowOf(name, measured[i]!));

  const { participants, sampleRate } = loads[0]!;
  const described = { ...timing, repetitions, participants, sampleRate, smoke: flags.smoke };
  const streams = loads.map((load) => load.streams).join(',');
  writeResult(result('load', startedAt, { ...described, streams }, rows), flags.json);
  console.log(consoleTable(rows, columns));
  console.log(`\nCPU per frame of the gateway (scan), divided by that of\n${formatRatios(rows)}`);
  if (!flags.smoke) console.log(`\n${formatTargets(loadTargets(rows))}`);
  console.log(`\n${flags.json}`);

  const wrong = cases.filter((_, i) => measured[i]!.some((one) => one.mismatches.length > 0));
  for (const { name } of wrong) console.error(`${name}: what came out is not what went in`);
  return wrong.length === 0 ? exitCode.ok : 1;
}

await runMain(() => (process.argv.includes('--tls') ? benchTls(process.argv.slice(2)) : main()));
