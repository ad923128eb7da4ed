/** The autoscaler as tables and a picture: which target is in time, and how long a window keeps it from fidgeting. */
import { measure, type Row } from '../report/result.ts';
import { intervalSeconds } from './autoscaler.ts';
import { day, highestTarget, type RampSettings, ramp } from './autoscaling.ts';
import type { Picture, Sheet } from './result.ts';
import { duration, longTail, minute, type Scenario, shortCalls } from './scenario.ts';

const lagSeconds = 30;
const factor = 3;
const gatewaysMin = 2;
const rampWindowSeconds = 10 * minute;

function settingsOf(
  scenario: Scenario,
  target: number,
): Pick<RampSettings, 'streams' | 'scaler' | 'durations' | 'factor'> {
  const { streams, capacity } = scenario.scaled;
  const scaler = { target, capacity, gatewaysMin, lagSeconds, stabilisationSeconds: rampWindowSeconds };
  return { streams, scaler, durations: shortCalls, factor };
}

/** Of 100 that came in the ramp or the half hour behind it. */
function refusedShares(scenario: Scenario, target: number, rampSeconds: number, startSeconds: number): number[] {
  return scenario.seeds.map((seed) => {
    const counts = ramp({ ...settingsOf(scenario, target), rampSeconds, startSeconds, seed });
    return (counts.refused / counts.arrived) * 100;
  });
}

export function rampSheet(scenario: Scenario): Sheet {
  const rows = scenario.rampSeconds.flatMap((rampSeconds) =>
    scenario.startSeconds.map((startSeconds): Row => {
      const shape = { ...settingsOf(scenario, 1), rampSeconds };
      const highest = highestTarget(shape, lagSeconds + intervalSeconds + startSeconds);
      const refused = scenario.targets.map((target) => {
        const column = `target ${target}`;
        return [column, measure('%', 'lower', refusedShares(scenario, target, rampSeconds, startSeconds))] as const;
      });
      return {
        name: `ramp of ${duration(rampSeconds)}, start-up ${duration(startSeconds)}`,
        measures: { 'highest by formula': measure('', 'higher', [highest]), ...Object.fromEntries(refused) },
        remarks: [],
      };
    }),
  );
  return { name: 'rollout-ramp', title: `Refused while arrivals grow to ${factor} times as many`, rows };
}

export function rampPicture(scenario: Scenario): Picture {
  const rampSeconds = scenario.rampSeconds[Math.min(1, scenario.rampSeconds.length - 1)]!;
  const targets = [0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];
  const one = { ...scenario, seeds: scenario.seeds.slice(0, 1) };
  return {
    kind: 'lines',
    name: 'rollout-autoscaling',
    title: `The autoscaler's target, when load grows to ${factor} times as much within ${duration(rampSeconds)}`,
    xLabel: 'target: streams / capacity, %',
    yLabel: 'streams that found every gateway full, %',
    series: scenario.startSeconds.map((startSeconds) => ({
      name: `a new gateway is ready after ${duration(startSeconds)}`,
      points: targets.map((target) => {
        return { x: target * 100, y: refusedShares(one, target, rampSeconds, startSeconds)[0]! };
      }),
    })),
    note: `Simulation: short calls (mean 5 min), figures ${lagSeconds} s old, a look every ${intervalSeconds} s, tolerance 10 %.`,
  };
}

export function daySheet(scenario: Scenario): Sheet {
  const { streams, capacity } = scenario.scaled;
  const rows = [shortCalls, longTail].flatMap((durations) =>
    scenario.stabilisationSeconds.map((stabilisationSeconds): Row => {
      const scaler = { target: 0.7, capacity, gatewaysMin, lagSeconds, stabilisationSeconds };
      const wave = { waveShare: 0.3, waveSeconds: 20 * minute };
      const common = { durations, streams, nightShare: 0.1, ...wave, startSeconds: 60, scaler };
      const all = scenario.seeds.map((seed) => day({ ...common, seed }));
      return {
        name: `${durations.label} · window of ${duration(stabilisationSeconds)}`,
        measures: {
          'gateways removed': measure(
            '',
            'lower',
            all.map(({ removed }) => removed),
          ),
          'streams cut': measure(
            '',
            'lower',
            all.map(({ counts }) => counts.cuts),
          ),
          refused: measure(
            '',
            'lower',
            all.map(({ counts }) => counts.refused),
          ),
          'process hours': measure(
            '',
            'lower',
            all.map(({ counts }) => counts.gatewaySeconds / 3600),
          ),
        },
        remarks: [],
      };
    }),
  );
  return { name: 'rollout-day', title: 'A day under the autoscaler, target 0.7, a drain of 1 h', rows };
}
