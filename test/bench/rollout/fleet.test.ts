/** The simulated fleet against what queueing theory says of it. */
import { describe, expect, test } from 'vitest';
import { alwaysOn, exponential, lognormal } from '../../../bench/rollout/durations.ts';
import { Fleet, type FleetSettings } from '../../../bench/rollout/fleet.ts';
import { anyOne, leastConnections, roundRobin } from '../../../bench/rollout/placement.ts';

const mean = 300;
const settings: FleetSettings = {
  seed: 3,
  durations: exponential('short', mean),
  placement: leastConnections,
  capacity: 1e9,
  startSeconds: 10,
  drainSeconds: 60,
  arrivals: 20,
};

function fleetOf(change: Partial<FleetSettings>, gateways: number, streams = 0): Fleet {
  const fleet = new Fleet({ ...settings, ...change });
  fleet.populate(gateways, streams);
  return fleet;
}

test('an empty fleet fills as M/M/∞ does: rate x duration x (1 - exp(-t / duration))', () => {
  const fleet = fleetOf({}, 1);
  for (const seconds of [100, 300, 900, 3000]) {
    fleet.runUntil(seconds);
    const expected = 20 * mean * (1 - Math.exp(-seconds / mean));
    expect(Math.abs(fleet.streamCount / expected - 1), `${seconds} s`).toBeLessThan(0.05);
  }
});

test('a fleet that is populated stays as full as it is, with a long tail as well: M/G/∞', () => {
  const durations = lognormal('long tail', 240, 1.5);
  const fleet = fleetOf({ durations, arrivals: 10_000 / durations.meanSeconds }, 4, 10_000);
  for (let at = 600; at <= 6000; at += 600) {
    fleet.runUntil(at);
    expect(Math.abs(fleet.streamCount / 10_000 - 1), `${at} s`).toBeLessThan(0.04);
  }
});

test('arrivals follow a rate that changes', () => {
  const fleet = fleetOf({ arrivals: { rate: (seconds) => (seconds < 1000 ? 5 : 20), most: 20 } }, 1);
  fleet.runUntil(1000);
  expect(Math.abs(fleet.counts.arrived / 5000 - 1)).toBeLessThan(0.05);
  fleet.runUntil(2000);
  expect(Math.abs(fleet.counts.arrived / 25_000 - 1)).toBeLessThan(0.05);
});

test('placements spread streams: round robin exactly, least connections to within one, random as dice do', () => {
  const durations = alwaysOn('always');
  const sizes = (placement: FleetSettings['placement']) => {
    const fleet = fleetOf({ durations, placement, arrivals: 0 }, 10, 10_000);
    return fleet.gateways.map(({ streams }) => streams.size);
  };
  expect(new Set(sizes(roundRobin))).toEqual(new Set([1000]));
  expect(new Set(sizes(leastConnections))).toEqual(new Set([1000]));
  const random = sizes(anyOne);
  const variance = random.reduce((sum, size) => sum + (size - 1000) ** 2, 0) / 10;
  // Binomial: 10,000 x 0.1 x 0.9 = 900; ten of them estimate it roughly.
  expect(variance).toBeGreaterThan(250);
  expect(variance).toBeLessThan(2500);
});

describe('a drain', () => {
  test('cuts at its timeout as many as are left: N x exp(-D / T)', () => {
    const fleet = fleetOf({ drainSeconds: 200, arrivals: 0 }, 2, 40_000);
    const [leaving, other] = fleet.gateways;
    const before = leaving!.streams.size;
    fleet.drain(leaving!);
    fleet.runUntil(199);
    expect(fleet.counts.cuts).toBe(0);
    fleet.runUntil(230);
    const expected = before * Math.exp(-200 / mean);
    expect(Math.abs(fleet.counts.cuts / expected - 1)).toBeLessThan(0.02);
    expect(leaving!.state).toBe('gone');
    // They came back to the other one, and are the only ones there beside its own.
    const own = [...other!.streams].filter(({ cuts }) => cuts === 0).length;
    expect(other!.streams.size - own).toBeGreaterThan(fleet.counts.cuts * 0.85);
  });

  test('takes nothing new, and ends at once when it is empty', () => {
    const fleet = fleetOf({ arrivals: 50 }, 2);
    fleet.drain(fleet.gateways[0]!);
    expect(fleet.gateways).toHaveLength(1);
    fleet.runUntil(100);
    expect(fleet.counts.refused).toBe(0);
    const [left] = fleet.gateways;
    fleet.drain(left!);
    const before = left!.streams.size;
    fleet.runUntil(110);
    expect(left!.streams.size).toBeLessThan(before);
    expect(fleet.counts.refused).toBeGreaterThan(300);
  });

  test('is over when the last stream has ended, long before its timeout', () => {
    const fleet = fleetOf({ drainSeconds: 1e6, arrivals: 0 }, 2, 200);
    const [leaving] = fleet.gateways;
    fleet.drain(leaving!);
    // The longest of 100 exponential durations: 5.2 means on average.
    fleet.runUntil(mean * 15);
    expect(leaving!.state).toBe('gone');
    expect(fleet.counts.cuts).toBe(0);
  });

  test('a caller that found no gateway gets the next one that is ready', () => {
    const fleet = fleetOf({ durations: alwaysOn('always'), arrivals: 0, drainSeconds: 0 }, 1, 100);
    fleet.drain(fleet.gateways[0]!);
    fleet.start();
    fleet.runUntil(20);
    expect(fleet.counts).toMatchObject({ cuts: 100, streamsCut: 100, refused: 100 });
    expect(fleet.streamCount).toBe(100);
    expect(fleet.counts.waitedMostSeconds).toBeGreaterThan(10);
    expect(fleet.counts.waitedMostSeconds).toBeLessThan(15);
  });
});

test('a full gateway gets nothing; when all are full, streams are refused and come again', () => {
  const fleet = fleetOf({ durations: alwaysOn('always'), capacity: 50, arrivals: 0 }, 2, 120);
  expect(fleet.gateways.map(({ streams }) => streams.size)).toEqual([50, 50]);
  expect(fleet.counts.refused).toBe(20);
  fleet.start();
  fleet.runUntil(60);
  expect(fleet.gateways.map(({ streams }) => streams.size)).toEqual([50, 50, 20]);
});

test('the same seed gives the same run, another one another', () => {
  const run = (seed: number) => {
    const fleet = fleetOf({ seed, placement: anyOne }, 5, 2000);
    fleet.drain(fleet.gateways[0]!);
    fleet.runUntil(2000);
    return [fleet.counts, fleet.gateways.map(({ streams }) => streams.size)];
  };
  expect(run(1)).toEqual(run(1));
  expect(run(1)).not.toEqual(run(2));
});

test('no stream is lost or doubled, whatever happens to gateways', () => {
  const fleet = fleetOf({ durations: alwaysOn('always'), drainSeconds: 30, arrivals: 0, capacity: 400 }, 4, 1000);
  for (let i = 0; i < 20; i++) {
    fleet.start();
    fleet.drain(fleet.ready[0]!);
    fleet.runUntil((i + 1) * 25);
  }
  fleet.runUntil(1000);
  const ids = fleet.gateways.flatMap(({ streams }) => [...streams]);
  expect(ids).toHaveLength(1000);
  expect(new Set(ids).size).toBe(1000);
});
