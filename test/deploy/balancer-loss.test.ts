/**
 * The number of HAProxies that the arithmetic gives, in the simulation of docs/scaling.md: balancers take the gateways' place, and the
 * cloud's hash chooses one. Some are lost at once, and their callers dial anew within five seconds.
 */
import { describe, expect, test } from 'vitest';
import { Fleet } from '../../bench/rollout/fleet.ts';
import { anyOne } from '../../bench/rollout/placement.ts';
import { longTail } from '../../bench/rollout/scenario.ts';
import { balancerSize, balancerStreamsMax, balancersFor } from '../../deploy/kubernetes/balancer-size.ts';

const size = balancerSize(4500);
/** As a pod that dies: its streams are cut at once. */
const drainSeconds = 0;
/** Until a balancer that replaces a lost one is ready. */
const startSeconds = 60;

function fleetOf(streams: number, balancers: number, capacity = size.streams): Fleet {
  const fleet = new Fleet({
    seed: streams,
    durations: longTail,
    placement: anyOne,
    capacity,
    startSeconds,
    drainSeconds,
    arrivals: streams / longTail.meanSeconds,
  });
  fleet.populate(balancers, streams);
  return fleet;
}

describe.each([2700, 8000, 24_000, 40_000])('%d streams', (streams) => {
  const balancers = balancersFor(streams, size);

  test.each([
    ['one balancer', 1],
    ['a zone of three', Math.ceil(balancers / 3)],
  ])('%s is lost: all who dial anew are taken, and no balancer is full', (_what, lost) => {
    const fleet = fleetOf(streams, balancers);
    let fullest = 0;
    fleet.every(1, () => {
      fullest = Math.max(fullest, ...fleet.ready.map((balancer) => balancer.streams.size));
    });
    for (const balancer of fleet.gateways.slice(0, lost)) {
      fleet.drain(balancer);
      fleet.start();
    }
    fleet.runUntil(300);
    expect(fleet.counts.streamsCut).toBeGreaterThan((0.8 * (streams * lost)) / balancers);
    expect(fleet.counts.refused).toBe(0);
    expect(fleet.counts.waitedMostSeconds).toBeLessThanOrEqual(5);
    expect(fullest).toBeLessThan(size.streams);
  });
});

test('two balancers of 9,000 have no place for what the gateways grow to', () => {
  const fleet = fleetOf(24_000, 2, balancerStreamsMax);
  fleet.runUntil(10);
  expect(fleet.counts.refused).toBeGreaterThan(24_000 - 2 * balancerStreamsMax - 1000);
});
