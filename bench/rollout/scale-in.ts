/** A fleet that gives up some of its gateways: whose streams are cut, by who has to go. */
import type { Durations } from './durations.ts';
import { Fleet } from './fleet.ts';
import type { Gateway } from './gateway.ts';
import type { Placement } from './placement.ts';
import type { Random } from './random.ts';
import type { FleetSize } from './rollout.ts';

export interface Choice {
  readonly label: string;
  /** In the order in which they go. */
  rank(gateways: readonly Gateway[], random: Random): Gateway[];
}

export const emptiest: Choice = {
  label: 'emptiest',
  rank: (gateways) => gateways.toSorted((a, b) => a.streams.size - b.streams.size),
};

export const newest: Choice = {
  label: 'newest',
  rank: (gateways) => gateways.toSorted((a, b) => b.number - a.number),
};

export const oldest: Choice = {
  label: 'oldest',
  rank: (gateways) => gateways.toSorted((a, b) => a.number - b.number),
};

export const anyGateway: Choice = {
  label: 'random',
  rank: (gateways, random) => {
    const shuffled = [...gateways];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const other = random.below(i + 1);
      [shuffled[i], shuffled[other]] = [shuffled[other]!, shuffled[i]!];
    }
    return shuffled;
  },
};

export const choices: readonly Choice[] = [emptiest, newest, anyGateway, oldest];

export interface ScaleInSettings {
  readonly size: FleetSize;
  readonly durations: Durations;
  readonly placement: Placement;
  readonly choice: Choice;
  /** How many were started so long before. */
  readonly added: number;
  readonly addedSecondsAgo: number;
  readonly removed: number;
  readonly drainSeconds: number;
  readonly seed: number;
}

export interface ScaleInOutcome {
  /** On the chosen gateways, when they are told to drain. */
  readonly streams: number;
  readonly cuts: number;
}

export function scaleIn(settings: ScaleInSettings): ScaleInOutcome {
  const { size, durations, placement, choice, added, addedSecondsAgo, removed, drainSeconds, seed } = settings;
  const { gateways, streams, capacity } = size;
  const arrivals = streams / durations.meanSeconds;
  const fleet = new Fleet({ seed, durations, placement, capacity, startSeconds: 0, drainSeconds, arrivals });
  fleet.populate(gateways, streams);
  for (let i = 0; i < added; i++) fleet.start();
  fleet.runUntil(addedSecondsAgo);
  const leaving = choice.rank(fleet.ready, fleet.random).slice(0, removed);
  const on = leaving.reduce((sum, gateway) => sum + gateway.streams.size, 0);
  for (const gateway of leaving) fleet.drain(gateway);
  fleet.runUntil(addedSecondsAgo + drainSeconds + 1);
  return { streams: on, cuts: fleet.counts.cuts };
}
