/** `npm run bench:scaling`: what a frame and a stream cost, when streams and participants grow in number. */

import type { Case } from '../load/case.ts';
import { integerFlag, integersFlag, numberFlag, readFlags, sampleRateFlag } from '../load/flags.ts';
import { gatewayOf, gateways } from '../load/gateway.ts';
import { interleave } from '../load/interleave.ts';
import { rivalLabels } from '../load/labels.ts';
import { assertLinux } from '../load/process-stats.ts';
import { bare } from '../load/rival.ts';
import { assertDescriptors, streamsMax } from '../load/stream-socket.ts';
import { formatTargets } from '../load/targets.ts';
import { exitCode, runMain, writeResult } from '../report/cli.ts';
import { result } from '../report/result.ts';
import { columnsOf, consoleTable } from '../report/table.ts';
import { activeCase, type CaseOptions, idleCase, participantsCase, streamsCase } from './cases.ts';
import { scalingTargets } from './targets.ts';

const usage = `usage: npm run bench:scaling -- [flags]
  --frames-per-second N  of all streams together (50000)
  --streams N,N          over how many streams they are spread (100,300,1000,2000,5000)
  --participants N,N     of each stream (1,2,4)
  --idle-streams N       to measure memory with (9000, or what the limit of open files allows)
  --active-streams N     the same (1000)
  --sample-rate HZ       16000 or 24000 (16000)
  --seconds N            length of the measured window (8)
  --warm-up N            seconds before it (4)
  --repetitions N        of every row, in turns (3)
  --gateway DIR          the gateway of another checkout
  --json FILE            where the result goes (bench/results)
  --smoke                only shows that the benchmark works`;

const flagNames = usage.match(/--[a-z-]+(?= +(?:N|HZ|DIR))/g)!.map((flag) => flag.slice(2));
const idleStreamsWanted = 9000;

async function main(): Promise<number> {
  const startedAt = new Date();
  const spec = { bench: 'scaling', usage, flags: Object.fromEntries(flagNames.map((name) => [name, {}])) } as const;
  const { values, smoke, json } = readFlags(spec, process.argv.slice(2), startedAt);
  assertLinux();
  const framesPerSecond = integerFlag(values, 'frames-per-second', smoke ? 500 : 50_000);
  const streams = integersFlag(values, 'streams', smoke ? [5, 10] : [100, 300, 1000, 2000, 5000]);
  const participants = integersFlag(values, 'participants', smoke ? [2] : [1, 2, 4]);
  const idleStreams = integerFlag(values, 'idle-streams', smoke ? 50 : Math.min(idleStreamsWanted, streamsMax()));
  const activeStreams = integerFlag(values, 'active-streams', smoke ? 10 : 1000);
  const repetitions = integerFlag(values, 'repetitions', smoke ? 1 : 3);
  const timing = {
    warmUpSeconds: numberFlag(values, 'warm-up', smoke ? 0.3 : 4),
    windowSeconds: numberFlag(values, 'seconds', smoke ? 0.5 : 8),
  };
  const sampleRate = sampleRateFlag(values);
  const folder = values['gateway'];
  const kind = typeof folder === 'string' ? gatewayOf(folder) : gateways[0]!;
  assertDescriptors(Math.max(idleStreams, activeStreams, ...streams));

  const options: CaseOptions = { kind, timing, sampleRate };
  /** What of the cost is not ours. */
  const floor: CaseOptions = { ...options, kind: bare };
  const cases: Case[] = [
    ...streams.map((count) => streamsCase(framesPerSecond, count, options)),
    ...streams.map((count) => streamsCase(framesPerSecond, count, floor, rivalLabels.bare)),
    ...participants.map((count) => participantsCase(framesPerSecond, count, options)),
    idleCase(idleStreams, options),
    activeCase(activeStreams, options),
  ];
  await interleave(cases, repetitions, async (one, repetition) => {
    console.error(`${repetition + 1}. ${one.name}: ${await one.measure()}`);
  });

  const rows = cases.map((one) => one.row());
  writeResult(result('scaling', startedAt, { ...timing, repetitions, sampleRate, smoke }, rows), json);
  for (const isMemory of [false, true]) {
    const some = rows.filter(({ measures }) => 'RSS per stream' in measures === isMemory);
    console.log(`${consoleTable(some, columnsOf(some))}\n`);
  }
  if (!smoke) console.log(`${formatTargets(scalingTargets(rows, framesPerSecond, streams))}\n`);
  console.log(json);

  const wrong = cases.flatMap((one) => one.mismatches().map((mismatch) => `${one.name}: ${mismatch}`));
  for (const mismatch of wrong) console.error(`what came out is not what went in: ${mismatch}`);
  return wrong.length === 0 ? exitCode.ok : 1;
}

await runMain(main);
