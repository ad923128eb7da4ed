/**
 * `npm run bench:fleet`: what two gateways carry that one does not, alone and behind the real HAProxy. On a machine of two cores,
 * which generators and balancer share, two gateways cannot have twice the processor of one; so each gets a fixed share of a core,
 * and what they hold with it is searched for. Without that, the costs of a frame are compared under the same load.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { framesPerSecond as framesPerStream } from '../../src/base/limits.ts';
import { integerFlag, numberFlag } from '../load/flags.ts';
import { interleave } from '../load/interleave.ts';
import { groupName } from '../load/labels.ts';
import { assertLinux } from '../load/process-stats.ts';
import { BadInput, benchOptions, exitCode, parseFlags, runMain } from '../report/cli.ts';
import type { Row } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import { fillPage, pagePath } from '../rollout/page.ts';
import { type Arrangement, arrangements, one, oneBalanced, oneTls, twoBalanced } from './arrangement.ts';
import { measureCapacity } from './capacity.ts';
import { canLimitCpu } from './cpu-share.ts';
import { hasHaproxy } from './haproxy-process.ts';
import { capacityGroup, fleetTables } from './page.ts';
import { defaultPath, type FleetResult, fleetResult, publishedPath, writeFleetResult } from './result.ts';
import { rowOf } from './rows.ts';
import { type Trial, tryQuietly } from './trial.ts';
import { failuresOf, residenceMsMax } from './verdict.ts';

const usage = `usage: npm run bench:fleet -- [flags]
  --streams N          of all gateways together, for the costs of a frame (1000)
  --share N            of a core for each gateway, for the capacity (0.2)
  --from N             streams of each gateway in the first step of the search (400)
  --step N             how many more in each further step (50)
  --seconds N          length of the measured window (4)
  --warm-up N          seconds before it (2.5)
  --repetitions N      of everything, in turns (3)
  --json FILE          where the result goes (bench/results)
  --publish            into docs/benchmarks and docs/scaling.md
  --smoke              only shows that the benchmark works`;

const stepsMax = 12;
const publishOption = { publish: { type: 'boolean', default: false } } as const;
const flagNames = ['streams', 'share', 'from', 'step', 'seconds', 'warm-up', 'repetitions'];

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

function show(rows: readonly Row[]): void {
  const isCapacity = ({ name }: Row): boolean => name.startsWith(capacityGroup);
  console.log(consoleTable(rows.filter((row) => !isCapacity(row))));
  if (rows.some(isCapacity)) console.log(`\n${consoleTable(rows.filter(isCapacity))}`);
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
  const share = numberFlag(rest, 'share', smoke ? 0.5 : 0.2);
  const from = integerFlag(rest, 'from', smoke ? 10 : 400);
  const step = integerFlag(rest, 'step', 50);
  const timing = {
    quietSeconds: smoke ? 0 : 15,
    warmUpSeconds: numberFlag(rest, 'warm-up', smoke ? 0.3 : 2.5),
    windowSeconds: numberFlag(rest, 'seconds', smoke ? 0.5 : 4),
  };
  const wanted = smoke ? [one, twoBalanced] : arrangements;
  const cases = wanted.filter(({ isBalanced }) => !isBalanced || hasHaproxy());
  if (cases.length < wanted.length) console.error('haproxy is missing: nothing is measured behind it');

  const costs = [
    ...cases
      .filter((arrangement) => !smoke || arrangement !== one)
      .map((arrangement) => ({ arrangement, count: streams })),
    // Half of it, or the HAProxy that is the client of the other one finds no time.
    ...(smoke ? [oneTls] : [oneBalanced, oneTls])
      .filter(hasHaproxy)
      .map((arrangement) => ({ arrangement, count: streams / 2 })),
  ];
  const trials = await interleave(costs, repetitions, async ({ arrangement, count }, repetition) => {
    const trial = await tryQuietly(arrangement, { ...timing, streams: count, coresEach: null });
    say(arrangement, repetition, trial);
    return trial;
  });
  const rows = costs.map(({ arrangement, count }, i) => {
    return rowOf(`${groupName(count * framesPerStream)} · ${arrangement.label}`, trials[i]!);
  });

  const found: Trial[] = [];
  if (canLimitCpu()) {
    const ladder = { from, step, stepsMax: smoke ? 1 : stepsMax };
    const climbing = cases.filter((arrangement) => arrangement !== oneBalanced);
    const capacity = await measureCapacity(climbing, ladder, repetitions, { ...timing, coresEach: share });
    rows.push(...capacity.rows);
    found.push(...capacity.trials);
  } else console.error('no share of a core can be given here (cgroup v1, root): capacity is not measured');

  const settings = { ...timing, streams, repetitions, share, step, residenceMsMax, smoke };
  const result: FleetResult = fleetResult(startedAt, settings, rows);
  const path = publish ? publishedPath : (json ?? defaultPath(startedAt));
  writeFleetResult(result, path);
  if (publish) writeFileSync(pagePath, fillPage(readFileSync(pagePath, 'utf8'), fleetTables(result)));
  show(rows);
  console.log(`\n${path}`);

  const wrong = [...trials.flat(), ...found].flatMap(({ mismatches }) => mismatches);
  for (const mismatch of wrong) console.error(`what came out is not what went in: ${mismatch}`);
  return wrong.length === 0 ? exitCode.ok : 1;
}

await runMain(main);
