/** Fleets under an autoscaler: a ramp that it must be in time for, and a day on which it should not fidget. */
import { Autoscaler, type AutoscalerSettings, tolerance } from './autoscaler.ts';
import type { FleetCounts } from './counts.ts';
import type { Durations } from './durations.ts';
import { Fleet } from './fleet.ts';
import { leastConnections } from './placement.ts';

export interface RampShape {
  readonly durations: Durations;
  readonly streams: number;
  /** The arrivals grow to so many times as many, evenly, within so long; then they stay there. */
  readonly factor: number;
  readonly rampSeconds: number;
}

export interface RampSettings extends RampShape {
  readonly startSeconds: number;
  readonly scaler: AutoscalerSettings;
  readonly seed: number;
}

const drainSeconds = 3600;
/** How long after the ramp refusals are still counted. */
const afterSeconds = 1800;

function fleetFor(
  { durations, streams, startSeconds, scaler, seed }: Omit<RampSettings, 'factor' | 'rampSeconds'>,
  rate: (seconds: number) => number,
  most: number,
): { readonly fleet: Fleet; readonly autoscaler: Autoscaler } {
  const { capacity, target, gatewaysMin } = scaler;
  const arrivals = { rate, most };
  const fleet = new Fleet({
    seed,
    durations,
    placement: leastConnections,
    capacity,
    startSeconds,
    drainSeconds,
    arrivals,
  });
  fleet.populate(Math.max(gatewaysMin, Math.ceil(streams / (capacity * target))), streams);
  return { fleet, autoscaler: new Autoscaler(fleet, scaler) };
}

export function ramp(settings: RampSettings): FleetCounts {
  const { durations, streams, factor, rampSeconds } = settings;
  const base = streams / durations.meanSeconds;
  const rate = (seconds: number): number => base * (1 + (factor - 1) * Math.min(1, seconds / rampSeconds));
  const { fleet } = fleetFor(settings, rate, base * factor);
  fleet.runUntil(rampSeconds + afterSeconds);
  return fleet.counts;
}

/**
 * The streams that such a ramp brings, for durations that are exponential: each moment's arrivals, as far as they are still
 * there.
 */
export function rampStreams(seconds: number, settings: RampShape): number {
  const { streams, factor, rampSeconds, durations } = settings;
  const mean = durations.meanSeconds;
  const grown = (at: number): number => (at <= 0 ? 0 : at - mean * (1 - Math.exp(-at / mean)));
  // The ramp, less the same ramp from its end on.
  return streams * (1 + ((factor - 1) / rampSeconds) * (grown(seconds) - grown(seconds - rampSeconds)));
}

/**
 * The highest target with which capacity that is ordered so long before it is needed is there in time, by arithmetic: the smallest
 * ratio of what there is to what there will be, less the autoscaler's tolerance.
 */
export function highestTarget(settings: RampShape, aheadSeconds: number): number {
  let lowest = 1;
  for (let at = 0; at < settings.rampSeconds + afterSeconds; at += 5) {
    lowest = Math.min(lowest, rampStreams(at, settings) / rampStreams(at + aheadSeconds, settings));
  }
  return lowest / (1 + tolerance);
}

export interface DaySettings {
  readonly durations: Durations;
  /** At noon, and at night as a share of that. */
  readonly streams: number;
  readonly nightShare: number;
  /** Campaigns: for half of each wave so much more comes, then so much less. */
  readonly waveShare: number;
  readonly waveSeconds: number;
  readonly startSeconds: number;
  readonly scaler: AutoscalerSettings;
  readonly seed: number;
}

export interface DayOutcome {
  readonly counts: FleetCounts;
  /** How many gateways were told to go. */
  readonly removed: number;
  /** Started in the course of the day. */
  readonly added: number;
}

const hour = 3600;

/** From noon to noon. */
export function day(settings: DaySettings): DayOutcome {
  const { durations, streams, nightShare, waveShare, waveSeconds } = settings;
  const most = streams / durations.meanSeconds;
  const rate = (seconds: number): number => {
    const sun = (1 + Math.cos((2 * Math.PI * seconds) / (24 * hour))) / 2;
    const wave = (seconds / waveSeconds) % 1 < 0.5 ? 1 + waveShare : 1 - waveShare;
    return most * (nightShare + (1 - nightShare) * sun) * wave;
  };
  const { fleet, autoscaler } = fleetFor(settings, rate, most * (1 + waveShare));
  fleet.runUntil(24 * hour);
  return { counts: fleet.counts, removed: autoscaler.removed, added: autoscaler.added };
}
