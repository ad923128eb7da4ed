/** Rollouts as tables and pictures: whom they touch, what they cost. */
import { measure, type Row } from '../report/result.ts';
import type { Durations } from './durations.ts';
import type { Picture, Sheet } from './result.ts';
import { type RolloutOutcome, rollOut } from './rollout.ts';
import { duration, hour, longTail, minute, type Scenario } from './scenario.ts';
import { blueGreen, inPlace, type Strategy, strategies, surgeOne, surgeOnePatient } from './strategy.ts';

export interface Rollouts {
  of(durations: Durations, strategy: Strategy, drainSeconds: number): readonly RolloutOutcome[];
}

/** Each rollout once for each seed, and not again for another table. */
export function rolloutsOf({ size, seeds }: Scenario): Rollouts {
  const known = new Map<string, readonly RolloutOutcome[]>();
  return {
    of: (durations, strategy, drainSeconds) => {
      const key = [durations.label, strategy.label, drainSeconds].join();
      const all = known.get(key) ?? seeds.map((seed) => rollOut({ size, durations, strategy, drainSeconds, seed }));
      known.set(key, all);
      return all;
    },
  };
}

/** The others lie near these two. Streams that never end are always cut, which needs no table. */
const compared = [surgeOne, inPlace];

export function cutsSheet(scenario: Scenario, rollouts: Rollouts): Sheet {
  const { kinds, drainSeconds, size } = scenario;
  const ending = kinds.filter(({ meanSeconds }) => Number.isFinite(meanSeconds));
  const rows = ending.flatMap((kind): Row[] => {
    const columns = (of: (drain: number) => readonly number[]): Row['measures'] =>
      Object.fromEntries(drainSeconds.map((drain) => [duration(drain), measure('%', 'lower', of(drain))]));
    const expected = columns((drain) => [kind.residualBeyond(drain) * 100]);
    return [
      ...compared.map((strategy): Row => {
        const share = ({ counts }: RolloutOutcome): number => (counts.cuts / size.streams) * 100;
        const measures = columns((drain) => rollouts.of(kind, strategy, drain).map(share));
        return { name: `${kind.label} · ${strategy.label}`, measures, remarks: [] };
      }),
      { name: `${kind.label} · by formula`, measures: expected, remarks: [] },
    ];
  });
  return { name: 'rollout-cuts', title: 'Streams cut by a rollout, of 100 that run when it begins', rows };
}

export function costSheet(scenario: Scenario, rollouts: Rollouts): Sheet {
  const kind = scenario.kinds.includes(longTail) ? longTail : scenario.kinds[0]!;
  const drain = scenario.costDrainSeconds;
  const rows = strategies.map((strategy): Row => {
    const all = rollouts.of(kind, strategy, drain);
    const of = (unit: string, value: (one: RolloutOutcome) => number) => measure(unit, 'lower', all.map(value));
    return {
      name: strategy.label,
      measures: {
        'until it is over': of('h', (one) => one.seconds / hour),
        'processes at most': of('', (one) => one.counts.gatewaysMost),
        'extra process hours': of('', (one) => Math.max(0, one.extraGatewayHours)),
        'streams cut': of('', (one) => one.counts.streamsCut),
        'cuts of one stream': of('', (one) => one.counts.cutsOfOneMost),
        'found no gateway': of('', (one) => one.counts.refused),
        'longest without one': of('s', (one) => one.counts.waitedMostSeconds),
        'fullest gateway': of('', (one) => one.busiest),
      },
      remarks: [],
    };
  });
  const title = `What a rollout costs: ${kind.label}, a drain of ${duration(drain)}`;
  return { name: 'rollout-cost', title, rows };
}

export function rolloutPictures(scenario: Scenario, rollouts: Rollouts): Picture[] {
  const { kinds, size, costDrainSeconds } = scenario;
  const kind = kinds.includes(longTail) ? longTail : kinds[0]!;
  const note = `Simulation: ${size.gateways} gateways, ${size.streams.toLocaleString('en-US')} streams.`;
  const { streams } = size;
  const timeouts = [0.5, 1, 2, 3, 5, 7, 10, 15, 20, 30, 60, 120, 240, 480].map((minutes) => minutes * minute);
  const first = (durations: Durations, strategy: Strategy, drain: number): RolloutOutcome =>
    rollouts.of(durations, strategy, drain)[0]!;
  return [
    {
      kind: 'lines',
      name: 'rollout-drain-timeout',
      title: 'How many streams a rollout cuts, by drain timeout',
      xLabel: 'drain timeout, minutes (logarithmic)',
      yLabel: 'streams cut, % of those that ran when the drain began (all gateways at once: blue/green)',
      logX: true,
      series: kinds.map((each) => ({
        name: each.label,
        points: timeouts.map((drain) => {
          const { cuts } = first(each, blueGreen, drain).counts;
          return { x: drain / minute, y: (cuts / streams) * 100 };
        }),
      })),
      note: `${note} Short calls: exponential, mean 5 min. Long tail: lognormal, median 4 min, 3.6 % over an hour.`,
    },
    {
      kind: 'bars',
      name: 'rollout-strategies',
      title: `Streams cut by one rollout: ${kind.label}, a drain of ${duration(costDrainSeconds)}`,
      unit: 'streams closed with 1001; again: those that came back to a gateway that was yet to go',
      bars: strategies.map((strategy) => {
        const { cuts, streamsCut } = first(kind, strategy, costDrainSeconds).counts;
        const parts = [
          { label: 'cut once', value: streamsCut },
          { label: 'cut again', value: cuts - streamsCut },
        ];
        return { label: strategy.label, value: cuts, parts };
      }),
      note,
    },
    {
      kind: 'lines',
      name: 'rollout-processes',
      title: `Processes in the course of a rollout: ${kind.label}, a drain of ${duration(costDrainSeconds)}`,
      xLabel: 'hours since it began',
      yLabel: 'gateway processes, those that drain among them',
      series: [surgeOne, surgeOnePatient, inPlace].map((strategy) => ({
        name: strategy.label,
        points: course(first(kind, strategy, costDrainSeconds)),
      })),
      note: `${note} A new process takes ${size.startSeconds} s to be ready.`,
    },
  ];
}

/** A step at each change. */
function course({ processes, seconds }: RolloutOutcome): { x: number; y: number }[] {
  const steps = processes.flatMap(({ seconds: at, count }, i) => [
    ...(i === 0 ? [] : [{ x: at / hour, y: processes[i - 1]!.count }]),
    { x: at / hour, y: count },
  ]);
  return [...steps, { x: seconds / hour, y: processes.at(-1)!.count }];
}
