/** The autoscaler: in time or not, and quiet or not. */
import { describe, expect, test } from 'vitest';
import { day, highestTarget, type RampSettings, ramp, rampStreams } from '../../../bench/rollout/autoscaling.ts';
import { exponential } from '../../../bench/rollout/durations.ts';
import { Fleet } from '../../../bench/rollout/fleet.ts';
import { leastConnections } from '../../../bench/rollout/placement.ts';

const durations = exponential('short', 300);
const scaler = { target: 0.7, capacity: 500, gatewaysMin: 2, lagSeconds: 30, stabilisationSeconds: 600 };
const settings: RampSettings = {
  durations,
  streams: 5000,
  factor: 3,
  rampSeconds: 900,
  startSeconds: 120,
  scaler,
  seed: 2,
};

test('the formula for the streams of a ramp is what the fleet has', () => {
  const base = 5000 / 300;
  const rate = (seconds: number) => base * (1 + 2 * Math.min(1, seconds / 900));
  const arrivals = { rate, most: base * 3 };
  const placement = leastConnections;
  const fleet = new Fleet({ seed: 1, durations, placement, capacity: 1e9, startSeconds: 0, drainSeconds: 0, arrivals });
  fleet.populate(1, 5000);
  for (const seconds of [300, 900, 1200, 2400]) {
    fleet.runUntil(seconds);
    expect(Math.abs(fleet.streamCount / rampStreams(seconds, settings) - 1), `${seconds} s`).toBeLessThan(0.04);
  }
});

describe('a ramp', () => {
  const reactionSeconds = scaler.lagSeconds + 15 + settings.startSeconds;
  const highest = highestTarget(settings, reactionSeconds);

  test('is met without a refusal when the target leaves room for what comes until new gateways are ready', () => {
    expect(highest).toBeGreaterThan(0.6);
    expect(highest).toBeLessThan(0.85);
    expect(ramp({ ...settings, scaler: { ...scaler, target: highest * 0.95 } }).refused).toBe(0);
  });

  test('and not when it does not', () => {
    const counts = ramp({ ...settings, scaler: { ...scaler, target: Math.min(0.99, highest * 1.15) } });
    expect(counts.refused / counts.arrived).toBeGreaterThan(0.01);
  });

  test('that is none refuses nothing', () => {
    expect(ramp({ ...settings, factor: 1 }).refused).toBe(0);
  });
});

test('a longer window tells fewer gateways to go on a day with waves', () => {
  const removed = [0, 300, 1800].map(
    (stabilisationSeconds) =>
      day({
        durations,
        streams: 3000,
        nightShare: 0.1,
        waveShare: 0.3,
        waveSeconds: 1200,
        startSeconds: 60,
        scaler: { ...scaler, stabilisationSeconds },
        seed: 4,
      }).removed,
  );
  expect(removed).toEqual(removed.toSorted((a, b) => b - a));
  expect(removed[2]!).toBeLessThan(removed[0]! / 3);
});
