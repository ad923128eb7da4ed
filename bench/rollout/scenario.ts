/** What is simulated: fleets, lengths of calls, timeouts; once as it is published, once in a size for tests. */
import { alwaysOn, type Durations, exponential, lognormal } from './durations.ts';
import type { FleetSize } from './rollout.ts';

export const minute = 60;
export const hour = 3600;

export const shortCalls = exponential('short calls', 5 * minute);
export const longTail = lognormal('long tail', 4 * minute, 1.5);
export const forever = alwaysOn('always on');

export interface Scenario {
  readonly size: FleetSize;
  readonly seeds: readonly number[];
  readonly kinds: readonly Durations[];
  readonly drainSeconds: readonly number[];
  /** The timeout that costs are shown for. */
  readonly costDrainSeconds: number;
  /** For the autoscaler: streams before the ramp, and of one gateway at most. */
  readonly scaled: { readonly streams: number; readonly capacity: number };
  readonly rampSeconds: readonly number[];
  readonly startSeconds: readonly number[];
  readonly targets: readonly number[];
  readonly stabilisationSeconds: readonly number[];
}

export const published: Scenario = {
  size: { gateways: 10, streams: 20_000, capacity: 3000, startSeconds: 30 },
  seeds: [1, 2, 3],
  kinds: [shortCalls, longTail, forever],
  drainSeconds: [30, 10 * minute, hour, 4 * hour],
  costDrainSeconds: hour,
  scaled: { streams: 10_000, capacity: 2000 },
  rampSeconds: [5 * minute, 15 * minute, hour],
  startSeconds: [30, 2 * minute, 5 * minute],
  targets: [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
  stabilisationSeconds: [0, 5 * minute, 10 * minute, 30 * minute],
};

export const smoke: Scenario = {
  size: { gateways: 3, streams: 300, capacity: 150, startSeconds: 10 },
  seeds: [1],
  kinds: [shortCalls],
  drainSeconds: [30, 10 * minute],
  costDrainSeconds: 10 * minute,
  scaled: { streams: 200, capacity: 100 },
  rampSeconds: [5 * minute],
  startSeconds: [30],
  targets: [0.6],
  stabilisationSeconds: [10 * minute],
};

/** `30 s`, `10 min`, `4 h`. */
export function duration(seconds: number): string {
  if (seconds >= hour) return `${seconds / hour} h`;
  return seconds >= 2 * minute ? `${seconds / minute} min` : `${seconds} s`;
}
