/** How many streams each arrangement holds when each gateway has a fixed share of a core, and how that is told. */
import { quantile } from '../load/histogram.ts';
import { measure, type Row } from '../report/result.ts';
import { type Arrangement, one } from './arrangement.ts';
import { type Climb, climb, type Ladder } from './ladder.ts';
import { capacityGroup } from './page.ts';
import { rowOf } from './rows.ts';
import { type Trial, type TrialSettings, tryOnce } from './trial.ts';
import { failuresOf, verdictOn } from './verdict.ts';

export interface Capacity {
  readonly rows: readonly Row[];
  /** Those that held. */
  readonly trials: readonly Trial[];
}

/** One gateway must be among the arrangements: the others are compared with it. */
export async function measureCapacity(
  arrangements: readonly Arrangement[],
  ladder: Ladder,
  repetitions: number,
  settings: Omit<TrialSettings, 'streams'>,
): Promise<Capacity> {
  const climbs: Climb<Trial>[][] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    climbs.push(
      await climb(arrangements, ladder, async (arrangement, streamsEach) => {
        const streams = streamsEach * arrangement.gateways;
        const trial = await tryOnce(arrangement, { ...settings, streams });
        const verdict = verdictOn(trial);
        const p99 = `residence p99 ${quantile(trial.residence, 0.99).toFixed(1)} ms`;
        const others = `others ${trial.othersCores.toFixed(2)} cores`;
        const said = [verdict, ...failuresOf(trial), p99, others].join(', ');
        console.error(`${repetition}. ${arrangement.label}, ${streams} streams: ${said}`);
        return { trial, verdict };
      }),
    );
  }
  const of = (arrangement: Arrangement) => climbs.map((all) => all[arrangements.indexOf(arrangement)]!);
  return {
    rows: arrangements.map((arrangement) => capacityRow(arrangement, of(arrangement), of(one))),
    trials: climbs.flat().flatMap(trialOf),
  };
}

function trialOf({ trial }: Climb<Trial>): Trial[] {
  return trial === null ? [] : [trial];
}

/** Of all repetitions: what was held, by what one gateway held in the same turn. */
export function capacityRow(
  arrangement: Arrangement,
  climbs: readonly Climb<Trial>[],
  ofOne: readonly Climb<Trial>[],
): Row {
  const { gateways, label } = arrangement;
  const name = `${capacityGroup} · ${label}`;
  const ratios = climbs.map(({ held }, i) => (held * gateways) / ofOne[i]!.held);
  const held = {
    capacity: measure(
      'streams',
      'higher',
      climbs.map((one) => one.held * gateways),
    ),
    'by one': measure('', 'higher', ratios),
  };
  const remarks = [
    ...(climbs.some(({ above }) => above === 'held') ? ['more were not tried'] : []),
    ...(climbs.some(({ above }) => above === 'unknown')
      ? ['above that the machine under all of them was the limit']
      : []),
  ];
  const trials = climbs.flatMap(trialOf);
  if (trials.length === 0) return { name, measures: held, remarks };
  const row = rowOf(name, trials);
  const { streams: _, ...rest } = row.measures;
  return { name, measures: { ...held, ...rest }, remarks: [...remarks, ...row.remarks] };
}
