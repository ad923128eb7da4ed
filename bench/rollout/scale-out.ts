/** A fleet that is doubled at once: how long until the old gateways are as full as the new ones, if nothing is cut. */
import type { Durations } from './durations.ts';
import { Fleet } from './fleet.ts';
import type { Placement } from './placement.ts';
import type { FleetSize } from './rollout.ts';

/** The busiest gateway may have so much more than the mean. */
export const evenRatio = 1.1;

export interface ScaleOutSettings {
  readonly size: FleetSize;
  readonly durations: Durations;
  readonly placement: Placement;
  readonly seed: number;
  /** How long it is watched. */
  readonly seconds: number;
}

export interface ScaleOutOutcome {
  /** From when the new ones are ready; infinite if it did not come within the time. */
  readonly secondsToEven: number;
  /** The busiest by the mean, at these times. */
  readonly course: readonly { readonly seconds: number; readonly ratio: number }[];
  /** Streams on the old gateways that were there before, at the same times. */
  readonly old: readonly number[];
}

export function scaleOut({ size, durations, placement, seed, seconds }: ScaleOutSettings): ScaleOutOutcome {
  const { gateways, streams, capacity } = size;
  const arrivals = streams / durations.meanSeconds;
  const fleet = new Fleet({ seed, durations, placement, capacity, startSeconds: 0, drainSeconds: 0, arrivals });
  fleet.populate(gateways, streams);
  const before = [...fleet.gateways];
  for (let i = 0; i < gateways; i++) fleet.start();

  const course: { seconds: number; ratio: number }[] = [];
  const old: number[] = [];
  const step = seconds / 600;
  let secondsToEven = Number.POSITIVE_INFINITY;
  for (let at = 0; at <= seconds; at += step) {
    fleet.runUntil(at);
    const ratio = fleet.unevenness;
    course.push({ seconds: at, ratio });
    old.push(before.reduce((sum, gateway) => sum + gateway.streams.size, 0));
    if (ratio < evenRatio && secondsToEven === Number.POSITIVE_INFINITY) secondsToEven = at;
  }
  return { secondsToEven, course, old };
}
