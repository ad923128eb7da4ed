/**
 * The ways to bring a new version onto a fleet. Each one drains what is there and starts as many anew; they differ in the
 * order, and in what they wait for.
 */
import type { Fleet } from './fleet.ts';
import type { Gateway } from './gateway.ts';

export interface Strategy {
  readonly label: string;
  /** Begins at the fleet's present time; everything else follows by itself. */
  begin(fleet: Fleet): void;
}

interface SurgeSettings {
  /** How many new ones start at a time, of so many. */
  readonly surge: (count: number) => number;
  /** The next one is started when the old one is gone, instead of when it has been told to drain. */
  readonly isPatient: boolean;
}

/**
 * A Kubernetes Deployment with `maxUnavailable: 0`: as soon as a new one is ready, an old one is told to drain, and the next new one
 * is started. Those that drain are not counted any more, so a long drain does not slow the rollout down: it piles up.
 */
function surging(label: string, { surge, isPatient }: SurgeSettings): Strategy {
  return {
    label,
    begin: (fleet) => {
      const old = [...fleet.gateways];
      let missing = old.length;
      const startOne = (): void => {
        if (missing-- <= 0) return;
        fleet.start().onReady = () => {
          const leaving = old.shift()!;
          if (isPatient) leaving.onGone = startOne;
          fleet.drain(leaving);
          if (!isPatient) startOne();
        };
      };
      const atOnce = surge(old.length);
      for (let i = 0; i < atOnce; i++) startOne();
    },
  };
}

export const surgeOne = surging('surge 1', { surge: () => 1, isPatient: false });
export const surgeQuarter = surging('surge 25 %', { surge: (count) => Math.ceil(count / 4), isPatient: false });
/** What a script does that waits for each drain. */
export const surgeOnePatient = surging('surge 1, waiting for each drain', { surge: () => 1, isPatient: true });

/** A second fleet; when all of it is ready, the first one drains. */
export const blueGreen: Strategy = {
  label: 'blue/green',
  begin: (fleet) => {
    const old = [...fleet.gateways];
    let missing = old.length;
    for (let i = old.length; i > 0; i--) {
      fleet.start().onReady = () => {
        if (--missing === 0) for (const gateway of old) fleet.drain(gateway);
      };
    }
  },
};

/** Everything ends, then everything starts. */
export const recreate: Strategy = {
  label: 'recreate',
  begin: (fleet) => {
    const old = [...fleet.gateways];
    let left = old.length;
    for (const gateway of old) {
      gateway.onGone = () => {
        if (--left === 0) for (let i = 0; i < old.length; i++) fleet.start();
      };
    }
    for (const gateway of old) fleet.drain(gateway);
  },
};

/** One after the other on its own machine, with no spare: systemd units, a StatefulSet. */
export const inPlace: Strategy = {
  label: 'in place, one by one',
  begin: (fleet) => {
    const old: Gateway[] = [...fleet.gateways];
    const next = (): void => {
      const gateway = old.shift();
      if (gateway === undefined) return;
      gateway.onGone = () => {
        fleet.start().onReady = next;
      };
      fleet.drain(gateway);
    };
    next();
  },
};

export const strategies: readonly Strategy[] = [surgeOne, surgeQuarter, surgeOnePatient, blueGreen, recreate, inPlace];
