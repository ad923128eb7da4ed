/**
 * `npm run bench`: what every step of a frame's way costs, in nanoseconds per frame, and what a scrape costs. Prints a
 * table and writes a result.
 */
import { sampleRates } from '../../src/base/limits.ts';
import { benchFlags, exitCode, runMain, writeResult } from '../report/cli.ts';
import { formatMeasure } from '../report/format.ts';
import { result } from '../report/result.ts';
import { consoleTable } from '../report/table.ts';
import { ratioColumn, rowsOf, runSteps } from './runner.ts';
import { scrapeStep } from './scrape.ts';
import { groupOf, messageCount, names, type Step, stepsOf } from './steps.ts';

const sizes = {
  full: { repetitions: 9, timeMs: 250, warmupMs: 250 },
  smoke: { repetitions: 2, timeMs: 5, warmupMs: 5 },
} as const;

/** What the decode step may cost at most, by the same with `JSON.parse`. */
const decodeStepTarget = 0.45;

function rowName(sampleRate: number, step: string): string {
  return `${groupOf(sampleRate)} · ${step}`;
}

/** Steps that do the same work have something to be compared with: `JSON.parse` in the cheapest way that we know. */
function referenceOf(step: Step): string | null {
  const rate = sampleRates.find((each) => step.name.startsWith(groupOf(each)));
  return rate === undefined || step.isWhole !== true ? null : rowName(rate, names.jsonToShared);
}

async function main(argv: readonly string[]): Promise<number> {
  const startedAt = new Date();
  const { json, smoke } = benchFlags('micro', argv, startedAt);
  const size = smoke ? sizes.smoke : sizes.full;
  const steps = [...(await Promise.all(sampleRates.map(stepsOf))).flat(), scrapeStep()];
  const samples = await runSteps(steps, {
    ...size,
    onRepetition: (count) => process.stderr.write(`repetition ${count} of ${size.repetitions}\n`),
  });
  for (const step of steps) step.stop?.();

  const rows = rowsOf(steps, samples, referenceOf);
  const settings = { smoke, ...size, participants: messageCount };
  writeResult(result('micro', startedAt, settings, rows), json);
  const conclusions = sampleRates.map((rate) => {
    const ratio = rows.find(({ name }) => name === rowName(rate, names.decodeStep))!.measures[ratioColumn]!;
    return `${groupOf(rate)}: decode step / ${names.jsonToShared}: ${formatMeasure(ratio)}, target ${decodeStepTarget}`;
  });
  process.stdout.write(`${[consoleTable(rows), '', ...conclusions, json].join('\n')}\n`);
  return exitCode.ok;
}

await runMain(() => main(process.argv.slice(2)));
