/**
 * Runs steps with tinybench, in turns: one short repetition of every step, then the next of every step, so that the noise
 * of a shared machine hits all alike. A repetition's figure is its mean, garbage collection included; a row has the median
 * of the repetitions. The only importer of tinybench.
 */
import { Bench } from 'tinybench';
import { type Measure, measure, type Row } from '../report/result.ts';
import type { Step } from './steps.ts';

export interface RunOptions {
  readonly repetitions: number;
  /** Of one repetition of one step. */
  readonly timeMs: number;
  readonly warmupMs: number;
  readonly onRepetition: (repetition: number) => void;
}

/** A figure of each repetition, by the name of the step. */
export type Samples = ReadonlyMap<string, readonly number[]>;

/** The time by the time of the reference step. */
export const ratioColumn = 'by JSON.parse(latin1) + base64';

const perUnit = { ms: 1, ns: 1e6 } as const;

export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<Samples> {
  const { repetitions, timeMs, warmupMs, onRepetition } = options;
  const samples = new Map<string, number[]>(steps.map(({ name }) => [name, []]));
  // What the steps answer; somebody has to look at it, or a compiler need not do the work.
  let consumed = 0;
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const warmup = repetition === 0;
    const bench = new Bench({
      time: timeMs,
      iterations: 3,
      warmup,
      warmupTime: warmupMs,
      warmupIterations: 3,
      throws: true,
    });
    for (const step of steps) {
      const { name, prepare } = step;
      const hooks = prepare === undefined ? {} : { beforeEach: prepare };
      if (step.isAsync) {
        const { run } = step;
        bench.add(
          name,
          async () => {
            consumed += await run();
          },
          hooks,
        );
      } else {
        const { run } = step;
        bench.add(
          name,
          () => {
            consumed += run();
          },
          hooks,
        );
      }
    }
    await bench.run();
    for (const { name, unit, perRun } of steps) {
      const { result } = bench.getTask(name)!;
      if (result.state !== 'completed') throw new Error(`${name}: ${result.state}`);
      samples.get(name)!.push((result.latency.mean / perRun) * perUnit[unit]);
    }
    onRepetition(repetition + 1);
  }
  for (const step of steps) step.check?.();
  if (!Number.isFinite(consumed)) throw new Error('a step did not answer with a number');
  return samples;
}

/** By what each figure is divided: the one of the same repetition, since noise comes and goes. */
function ratios(figures: readonly number[], references: readonly number[]): Measure {
  return measure(
    '',
    'lower',
    figures.map((figure, i) => figure / references[i]!),
  );
}

/** `referenceOf` names the step that a step is compared with; null when it is compared with none. */
export function rowsOf(steps: readonly Step[], samples: Samples, referenceOf: (step: Step) => string | null): Row[] {
  return steps.map((step) => {
    const figures = samples.get(step.name)!;
    const reference = referenceOf(step);
    const measures: Record<string, Measure> = { [step.column]: measure(step.unit, 'lower', figures) };
    if (reference !== null) measures[ratioColumn] = ratios(figures, samples.get(reference)!);
    return { name: step.name, measures, remarks: step.remarks ?? [] };
  });
}
