/** One rollout of one fleet, from the first order to the last process of the old version. */
import type { FleetCounts } from './counts.ts';
import type { Durations } from './durations.ts';
import { Fleet } from './fleet.ts';
import { leastConnections, type Placement } from './placement.ts';
import type { Strategy } from './strategy.ts';

export interface FleetSize {
  readonly gateways: number;
  readonly streams: number;
  readonly capacity: number;
  readonly startSeconds: number;
}

export interface RolloutSettings {
  readonly size: FleetSize;
  readonly durations: Durations;
  readonly strategy: Strategy;
  readonly drainSeconds: number;
  readonly seed: number;
  readonly placement?: Placement;
}

export interface RolloutOutcome {
  readonly counts: FleetCounts;
  /** Until the last old process is gone and the last new one is ready. */
  readonly seconds: number;
  /** The fullest gateway that there ever was. */
  readonly busiest: number;
  /** Processes beyond those that are always there, added up over time. */
  readonly extraGatewayHours: number;
  /** How many processes there were, at these moments. */
  readonly processes: readonly { readonly seconds: number; readonly count: number }[];
}

/** A rollout that takes longer than this has gone wrong. */
const secondsMax = 30 * 86_400;
const lookSeconds = 5;
/** Until the last that were cut are back. */
const settleSeconds = 15;

export function rollOut(settings: RolloutSettings): RolloutOutcome {
  const { size, durations, strategy, drainSeconds, seed, placement = leastConnections } = settings;
  const { gateways, streams, capacity, startSeconds } = size;
  const arrivals = streams / durations.meanSeconds;
  const fleet = new Fleet({ seed, durations, placement, capacity, startSeconds, drainSeconds, arrivals });
  fleet.populate(gateways, streams);
  const newest = fleet.gateways.at(-1)!.number;
  const isDone = (): boolean =>
    fleet.gateways.length === gateways &&
    fleet.gateways.every(({ number, state }) => number > newest && state === 'ready');

  const processes = [{ seconds: 0, count: gateways }];
  let busiest = 0;
  const look = (): void => {
    busiest = Math.max(busiest, ...fleet.gateways.map((gateway) => gateway.streams.size));
    if (processes.at(-1)!.count !== fleet.gateways.length) {
      processes.push({ seconds: fleet.now, count: fleet.gateways.length });
    }
  };
  fleet.every(lookSeconds, look);
  strategy.begin(fleet);
  look();
  fleet.runUntil(secondsMax, isDone);
  look();
  if (!isDone()) throw new Error(`${strategy.label}: the rollout did not end`);
  const seconds = fleet.now;
  const extraGatewayHours = (fleet.counts.gatewaySeconds - gateways * seconds) / 3600;
  fleet.runUntil(seconds + settleSeconds);
  return { counts: fleet.counts, seconds, busiest, extraGatewayHours, processes };
}
