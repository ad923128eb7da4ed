/**
 * Real lanes and real decode workers: traffic with pauses of every length, so that workers nap, park and wake
 * all the time. Every message is committed in order, none is lost, and a parked worker wakes with the next message.
 */
import { afterEach, expect, it } from 'vitest';
import { changesDelayMs } from '../../src/base/limits.ts';
import { recordKind } from '../../src/memory/states.ts';
import { generator, seed } from '../support/seed.ts';
import { judgingTimes } from '../support/starvation.ts';
import { sleep } from './canary.ts';
import { flushIntervalMs, streamsPerLane, Traffic, threads } from './traffic.ts';

let traffic: Traffic | null = null;
afterEach(() => traffic?.stop());

async function start(laneCount: number): Promise<Traffic> {
  traffic = new Traffic(laneCount);
  await traffic.pool.start();
  return traffic;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function until(condition: () => boolean, timeoutMs: number): Promise<number> {
  const since = performance.now();
  while (!condition() && performance.now() - since < timeoutMs) await new Promise(setImmediate);
  return performance.now() - since;
}

/** Pauses around every border there is: none, within a flush interval, parked, long. */
function pauseMs(random: () => number): number {
  const kind = random();
  if (kind < 0.3) return 0;
  if (kind < 0.9) return random() * 3 * flushIntervalMs;
  if (kind < 0.98) return flushIntervalMs + random() * 3 * changesDelayMs;
  return 90 + random() * 20;
}

it.each([1, 3])('%i lanes lose nothing, whatever the pauses, and keep every order', async (laneCount) => {
  const random = generator(seed + laneCount);
  const run = await start(laneCount);
  const ends = performance.now() + 1200;
  while (performance.now() < ends) {
    const burst = random() < 0.02 ? 100 : 1 + Math.floor(random() * 5);
    for (let n = 0; n < burst; n++) run.send(Math.floor(random() * run.sent.length));
    const ms = pauseMs(random);
    // Timers are coarse: short pauses block, as other work of the main thread does.
    if (ms < 2 * flushIntervalMs && random() < 0.8) sleep(ms);
    else await pause(ms);
    // Results of leases come in turns of the event loop.
    if (random() < 0.3) await new Promise(setImmediate);
  }
  await until(() => run.isDone, 5000);
  for (let stream = 0; stream < run.sent.length; stream++) {
    const count = run.sent[stream]!;
    expect(run.committed(stream), `stream ${stream}, seed ${seed}`).toBe(count);
    expect(run.numbers(stream), `stream ${stream}, seed ${seed}`).toEqual(Array.from({ length: count }, (_, n) => n));
  }
  expect([run.deaths, run.lost.every((count) => count === 0)]).toEqual([0, true]);
  // Each first message was news.
  await until(() => new Set(run.news).size === run.sent.length, 5000);
  expect([...new Set(run.news)].sort((a, b) => a - b)).toEqual(run.sent.map((_, stream) => stream));
  expect(run.sent.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(300);
});

/** How long one message after a pause takes, of those that found their worker parked, in ascending order. */
async function wakingTimes(run: Traffic, rounds: number, pauseOf: (round: number) => number): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await pause(pauseOf(round));
    const wasParked = run.isParked(0);
    run.send(0);
    const ms = await until(() => run.isDone, 5000);
    expect(run.isDone, `round ${round} of seed ${seed}`).toBe(true);
    if (wasParked) times.push(ms);
  }
  return times.sort((a, b) => a - b);
}

/**
 * Without a call a parked worker would sleep on until it is taken for one that hangs.
 */
it(
  'a parked worker wakes with the next message',
  judgingTimes(async () => {
    const run = await start(1);
    const times = await wakingTimes(run, 70, (round) => 8 + (round % 15));
    expect(times.length).toBeGreaterThan(40);
    expect(times[times.length >> 1]).toBeLessThan(20);
    // They were parked within one lease.
    expect(run.leases).toBe(1);
  }),
);

/** Pushes that race with the parking: here a call that comes too early must be seen by the worker before it sleeps. */
it(
  'no message is left lying when it comes just as the worker parks',
  judgingTimes(async () => {
    const random = generator(seed);
    const run = await start(1);
    let late = 0;
    const rounds = 400;
    for (let round = 0; round < rounds; round++) {
      const waitsMs = flushIntervalMs - 0.3 + random() * 0.8;
      const since = performance.now();
      while (performance.now() - since < waitsMs);
      run.send(0);
      if ((await until(() => run.isDone, 5000)) > 40) late++;
    }
    expect(run.isDone, `seed ${seed}`).toBe(true);
    expect(late, `seed ${seed}`).toBeLessThan(rounds / 20);
  }),
);

it('threads that are killed cost what they had in hand, and the lane works on as before', async () => {
  const random = generator(seed);
  const run = await start(1);
  const kills = 3;
  for (let kill = 0; kill < kills; kill++) {
    for (let n = 0; n < 300; n++) run.send(n % streamsPerLane);
    const deaths = run.deaths;
    if (kill === 1) {
      // In its sleep.
      await until(() => run.isDone && run.isParked(0), 2000);
      await threads.at(-1)!.terminate();
      await until(() => run.deaths > deaths, 2000);
      expect(run.deaths).toBe(deaths + 1);
    } else {
      await until(() => run.committed(0) > 0 && !run.isDone, 50 * random());
      await threads.at(-1)!.terminate();
    }
    await until(() => run.isDone, 5000);
    run.send(0);
    await until(() => run.isDone, 5000);
  }
  const lost = run.lost.reduce((sum, count) => sum + count, 0);
  expect(run.isDone, `seed ${seed}`).toBe(true);
  expect(lost).toBeLessThanOrEqual(run.deaths);
  for (let stream = 0; stream < streamsPerLane; stream++) {
    const numbers = run.numbers(stream);
    expect(numbers, `seed ${seed}`).toEqual(numbers.toSorted((a, b) => a - b));
    // What was lost in hand may have come as far as its ring, or as far as being counted.
    expect(numbers.length).toBeGreaterThanOrEqual(run.sent[stream]! - run.lost[stream]!);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(run.committed(stream)).toBeLessThanOrEqual(run.sent[stream]!);
  }
  const times = await wakingTimes(run, 20, () => 15);
  expect(times.length).toBeGreaterThan(10);
  expect(times[times.length >> 1]).toBeLessThan(20);
  run.lanes[0]!.pushControl(recordKind.close, 0);
  run.news.length = 0;
  await until(() => run.news.length > 0, 5000);
  expect(run.news).toContain(0);
});
