/** Growing as a table and a picture: how soon load is even. */
import { measure, type Row } from '../report/result.ts';
import { type Durations, residualQuantile } from './durations.ts';
import { anyOne, leastConnections, type Placement, placements } from './placement.ts';
import type { Picture, Sheet } from './result.ts';
import { evenRatio, type ScaleOutOutcome, scaleOut } from './scale-out.ts';
import { duration, hour, longTail, minute, type Scenario } from './scenario.ts';

/** Streams that end. Those that never do never get even, which needs no simulation. */
function ending({ kinds }: Scenario): Durations[] {
  return kinds.filter(({ meanSeconds }) => Number.isFinite(meanSeconds));
}

/**
 * When it is even, by formula. With least connections all newcomers go to the new gateways until it is: the old ones, twice the mean
 * each, only decay. At random the old ones get half of the newcomers and the surplus decays, from once the mean.
 */
function expectedSeconds(durations: Durations, placement: Placement): number | null {
  if (placement === leastConnections) return residualQuantile(durations, evenRatio / 2);
  return placement === anyOne ? residualQuantile(durations, evenRatio - 1) : null;
}

function watchSeconds({ meanSeconds }: Durations): number {
  return meanSeconds * 24;
}

export function scaleOutSheet(scenario: Scenario): Sheet {
  const rows = ending(scenario).flatMap((durations) =>
    placements.map((placement): Row => {
      const seconds = watchSeconds(durations);
      const all = scenario.seeds.map((seed) => scaleOut({ ...scenario, durations, placement, seed, seconds }));
      const expected = expectedSeconds(durations, placement);
      const isReached = all.every(({ secondsToEven }) => Number.isFinite(secondsToEven));
      const busiestAt = (share: number) =>
        measure(
          '',
          'lower',
          all.map((one) => ratioAt(one, share)),
        );
      return {
        name: `${durations.label} · ${placement.label}`,
        measures: {
          ...(isReached && {
            'until even': measure(
              'min',
              'lower',
              all.map((one) => one.secondsToEven / minute),
            ),
          }),
          ...(expected !== null && { 'by formula': measure('min', 'lower', [expected / minute]) }),
          'after 5 min': busiestAt((5 * minute) / seconds),
          'after 30 min': busiestAt((30 * minute) / seconds),
          'after 2 h': busiestAt(Math.min(1, (2 * hour) / seconds)),
        },
        remarks: isReached
          ? []
          : [`not within ${duration(Math.round(seconds / hour) * hour)}: the noise alone is more`],
      };
    }),
  );
  return { name: 'rollout-scale-out', title: 'Twice the gateways at once: the busiest one by the mean', rows };
}

function ratioAt({ course }: ScaleOutOutcome, share: number): number {
  return course[Math.round(share * (course.length - 1))]!.ratio;
}

export function scaleOutPicture(scenario: Scenario): Picture {
  const durations = scenario.kinds.includes(longTail) ? longTail : scenario.kinds[0]!;
  const seconds = 3 * hour;
  const { size, seeds } = scenario;
  return {
    kind: 'lines',
    name: 'rollout-scale-out',
    title: `From ${size.gateways} gateways to ${2 * size.gateways} at once: how long until load is even`,
    xLabel: 'minutes since the new ones are ready',
    yLabel: `streams of the busiest gateway by their mean (${durations.label}); 1 is even, nothing is cut`,
    series: placements.map((placement) => {
      const { course } = scaleOut({ size, durations, placement, seed: seeds[0]!, seconds });
      const points = course.filter((_, i) => i % 15 === 0).map((at) => ({ x: at.seconds / minute, y: at.ratio }));
      return { name: placement.label, points };
    }),
    note: `Simulation: ${size.streams.toLocaleString('en-US')} streams, as many come as end.`,
  };
}
