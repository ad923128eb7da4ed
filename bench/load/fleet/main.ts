/** `npm run bench:fleet`: what a frame costs on one gateway, on two, and behind the real HAProxy, under the same load. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { framesPerSecond as framesPerStream } from '../../../src/base/limits.ts';
import { BadInput, benchOptions, exitCode, parseFlags, runMain } from '../../report/cli.ts';
import { consoleTable } from '../../report/table.ts';
import { fillPage, pagePath } from '../../rollout/page.ts';
import { integerFlag, numberFlag } from '../flags.ts';
import { interleave } from '../interleave.ts';
import { groupName } from '../labels.ts';
import { assertLinux } from '../process-stats.ts';
import { hasProgram } from '../proxy/proxy-process.ts';
import { type Arrangement, arrangements, one, oneBalanced, oneTls, twoBalanced } from './arrangement.ts';
import { fleetTables } from './page.ts';
import { defaultPath, type FleetResult, fleetResult, publishedPath, writeFleetResult } from './result.ts';
import { rowOf } from './rows.ts';
import { type Trial, tryQuietly } from './trial.ts';
import { failuresOf, residenceMsMax } from './verdict.ts';

const usage = `usage: npm run bench:fleet -- [flags]
  --streams N          of all gateways together (1000)
  --seconds N          length of the measured window (4)
  --warm-up N          seconds before it (2.5)
  --repetitions N      of everything, in turns (3)
  --json FILE          where the result goes (bench/results)
  --publish            into docs/benchmarks and docs/scaling.md
  --smoke              only shows that the benchmark works`;

const publishOption = { publish: { type: 'boolean', default: false } } as const;
const flagNames = ['streams', 'seconds', 'warm-up', 'repetitions'];

interface ParsedFlags {
  readonly json?: string;
  readonly smoke: boolean;
  readonly publish: boolean;
}

function say({ label }: Arrangement, repetition: number, trial: Trial): void {
  const { gatewayUs, balancerUs, frames, othersCores } = trial;
  const us = (value: number): string => (value / frames).toFixed(2);
  const figures = `gateways ${us(gatewayUs)}, HAProxy ${us(balancerUs)} µs/frame, others ${othersCores.toFixed(2)} cores`;
  console.error([`${repetition + 1}. ${label}: ${figures}`, ...failuresOf(trial)].join('; '));
}

async function main(): Promise<number> {
  const startedAt = new Date();
  const own = Object.fromEntries(flagNames.map((name) => [name, { type: 'string' as const }]));
  const parsed = parseFlags(
    () => parseArgs({ args: process.argv.slice(2), options: { ...own, ...publishOption, ...benchOptions } }).values,
    usage,
  );
  const { json, smoke, publish, ...rest } = parsed as ParsedFlags & Record<string, string>;
  if (smoke && publish) throw new BadInput('a smoke run is not for publishing');
  assertLinux();
  const streams = integerFlag(rest, 'streams', smoke ? 20 : 1000);
  const repetitions = integerFlag(rest, 'repetitions', smoke ? 1 : 3);
  const timing = {
    quietSeconds: smoke ? 0 : 15,
    warmUpSeconds: numberFlag(rest, 'warm-up', smoke ? 0.3 : 2.5),
    windowSeconds: numberFlag(rest, 'seconds', smoke ? 0.5 : 4),
  };
  const hasHaproxy = hasProgram('haproxy');
  const wanted = smoke ? [one, twoBalanced] : arrangements;
  const cases = wanted.filter(({ isBalanced }) => !isBalanced || hasHaproxy);
  if (cases.length < wanted.length) console.error('haproxy is missing: nothing is measured behind it');

  const costs = [
    ...cases
      .filter((arrangement) => !smoke || arrangement !== one)
      .map((arrangement) => ({ arrangement, count: streams })),
    // Half of it: TLS costs the generators as much as HAProxy.
    ...(smoke ? [oneTls] : [oneBalanced, oneTls])
      .filter(() => hasHaproxy)
      .map((arrangement) => ({ arrangement, count: streams / 2 })),
  ];
  const trials = await interleave(costs, repetitions, async ({ arrangement, count }, repetition) => {
    const trial = await tryQuietly(arrangement, { ...timing, streams: count });
    say(arrangement, repetition, trial);
    return trial;
  });
  const rows = costs.map(({ arrangement, count }, i) => {
    return rowOf(`${groupName(count * framesPerStream)} · ${arrangement.label}`, trials[i]!);
  });

  const settings = { ...timing, streams, repetitions, residenceMsMax, smoke };
  const result: FleetResult = fleetResult(startedAt, settings, rows);
  const path = publish ? publishedPath : (json ?? defaultPath(startedAt));
  writeFleetResult(result, path);
  if (publish) writeFileSync(pagePath, fillPage(readFileSync(pagePath, 'utf8'), fleetTables(result)));
  console.log(consoleTable(rows));
  console.log(`\n${path}`);

  const wrong = trials.flat().flatMap(({ mismatches }) => mismatches);
  for (const mismatch of wrong) console.error(`what came out is not what went in: ${mismatch}`);
  return wrong.length === 0 ? exitCode.ok : 1;
}

await runMain(main);
