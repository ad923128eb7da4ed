/**
 * `npm run bench:rollout`: what rollouts, scaling and an autoscaler do to streams that last, by simulation. With `--publish` its
 * tables and pictures become part of docs/scaling.md.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BadInput, exitCode, parseFlags, root, runMain } from '../report/cli.ts';
import { daySheet, rampPicture, rampSheet } from './autoscaling-sheets.ts';
import { describe, fillPage, pagePath, picturesOf, tablesOf, widestSpread } from './page.ts';
import type { RolloutResult } from './result.ts';
import { costSheet, cutsSheet, rolloutPictures, rolloutsOf } from './rollout-sheets.ts';
import { scaleOutPicture, scaleOutSheet } from './scale-sheets.ts';
import { published, type Scenario, smoke } from './scenario.ts';

const usage = `usage: npm run bench:rollout -- [flags]
  --json FILE    where the result goes (bench/results/rollout.json)
  --images DIR   where the pictures go (none)
  --publish      into docs/benchmarks, docs/images and docs/scaling.md
  --smoke        only shows that it works`;

const options = {
  json: { type: 'string' },
  images: { type: 'string' },
  publish: { type: 'boolean', default: false },
  smoke: { type: 'boolean', default: false },
} as const;

function simulate(scenario: Scenario): RolloutResult {
  const rollouts = rolloutsOf(scenario);
  const { gateways, streams, capacity, startSeconds } = scenario.size;
  return {
    schema: 1,
    bench: 'rollout',
    settings: { gateways, streams, capacity, startSeconds, seeds: scenario.seeds.join(), smoke: scenario === smoke },
    sheets: [
      cutsSheet(scenario, rollouts),
      costSheet(scenario, rollouts),
      scaleOutSheet(scenario),
      rampSheet(scenario),
      daySheet(scenario),
    ],
    pictures: [...rolloutPictures(scenario, rollouts), scaleOutPicture(scenario), rampPicture(scenario)],
  };
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function main(): number {
  const { values } = parseFlags(() => parseArgs({ args: process.argv.slice(2), options }), usage);
  if (values.smoke && values.publish) throw new BadInput('a smoke run is not for publishing');
  const startedMs = performance.now();
  const result = simulate(values.smoke ? smoke : published);

  const json = values.publish ? join(root, 'docs/benchmarks/rollout.json') : values.json;
  const path = resolve(json ?? join(root, 'bench/results/rollout.json'));
  write(path, `${JSON.stringify(result, null, 2)}\n`);
  const images = values.publish ? join(root, 'docs/images') : values.images;
  if (images !== undefined) {
    for (const [name, svg] of picturesOf(result)) write(join(resolve(images), name), svg);
  }
  if (values.publish) {
    writeFileSync(pagePath, fillPage(readFileSync(pagePath, 'utf8'), tablesOf(result)));
  }
  const { share, where } = widestSpread(result, 100);
  console.log(describe(result));
  if (!values.smoke) console.log(`\nseeds lie ${(share * 100).toFixed(1)} % apart at most, above 100 (${where})`);
  console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s; ${path}`);
  return exitCode.ok;
}

await runMain(main);
