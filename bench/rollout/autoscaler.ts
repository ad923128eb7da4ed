/**
 * The arithmetic of the Kubernetes autoscaler with an average value as its target, as far as its documentation tells it: streams
 * by target, rounded up; nothing within a tolerance; growth at once; less only if less would have done for the whole window.
 */
import type { Fleet } from './fleet.ts';

export interface AutoscalerSettings {
  /** Streams by capacity that it aims at, 0 to 1. */
  readonly target: number;
  readonly capacity: number;
  readonly gatewaysMin: number;
  /** How old the figures are that it sees: scrape, rule, poll. */
  readonly lagSeconds: number;
  readonly stabilisationSeconds: number;
}

/** Between two looks. */
export const intervalSeconds = 15;
export const tolerance = 0.1;

export class Autoscaler {
  /** How many gateways were started, and told to drain. */
  added = 0;
  removed = 0;
  private readonly fleet: Fleet;
  private readonly settings: AutoscalerSettings;
  private readonly seen: { readonly at: number; readonly streams: number }[] = [];
  private readonly wanted: { readonly at: number; readonly count: number }[] = [];

  constructor(fleet: Fleet, settings: AutoscalerSettings) {
    this.fleet = fleet;
    this.settings = settings;
    fleet.every(intervalSeconds, () => this.look());
  }

  private look(): void {
    const { fleet, settings, seen } = this;
    const { capacity, target, lagSeconds } = settings;
    // What drains is on its way out: its streams need no room on others.
    const streams = fleet.ready.reduce((sum, gateway) => sum + gateway.streams.size, 0);
    seen.push({ at: fleet.now, streams });
    while (seen.length > 1 && seen[1]!.at <= fleet.now - lagSeconds) seen.shift();
    const running = fleet.gateways.filter(({ state }) => state !== 'draining');
    const ratio = seen[0]!.streams / (running.length * capacity * target);
    const isNear = Math.abs(ratio - 1) <= tolerance;
    const exact = Math.max(settings.gatewaysMin, Math.ceil(seen[0]!.streams / (capacity * target)));
    const count = isNear ? running.length : exact;
    for (let i = running.length; i < count; i++) {
      fleet.start();
      this.added++;
    }

    const least = this.leastThatWillDo(count);
    // The newest first: about what Kubernetes does, and they are the emptiest.
    const newestFirst = running.toSorted((a, b) => b.number - a.number);
    const leaving = newestFirst.slice(0, Math.max(0, running.length - least));
    this.removed += leaving.length;
    for (const gateway of leaving) fleet.drain(gateway);
  }

  private leastThatWillDo(count: number): number {
    const { wanted, fleet, settings } = this;
    wanted.push({ at: fleet.now, count });
    while (wanted[0]!.at < fleet.now - settings.stabilisationSeconds) wanted.shift();
    return Math.max(...wanted.map((each) => each.count));
  }
}
