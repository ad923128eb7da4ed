/** When the main thread waits for a worker that has fallen behind, for how long, and when it does not. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LaneWait, laneWait } from '../../src/lane/lane-wait.ts';
import { recordBytes } from '../../src/memory/sizes.ts';
import { LaneRig } from './lane-rig.ts';

const message = 'm'.repeat(1000 - recordBytes(0));
const bytes = recordBytes(message.length);
const dataBytes = 4 * laneWait.fromBytes;
const looksUntilStuck = 5;

let rig: LaneRig;
/** What the worker does while the main thread sleeps for a millisecond. */
let work: () => void;
let sleeps: number;

beforeEach(() => {
  vi.useFakeTimers();
  rig = new LaneRig({ dataBytes });
  work = () => {};
  sleeps = 0;
  vi.spyOn(Atomics, 'wait').mockImplementation(((
    _words: unknown,
    _index: number,
    _value: number,
    timeoutMs: number,
  ) => {
    sleeps++;
    vi.advanceTimersByTime(timeoutMs);
    work();
    return 'timed-out';
  }) as never);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function push(count: number): void {
  for (let n = 0; n < count; n++) expect(rig.push(n % 3, message)).toBe(true);
}

it('a lane that fills is given to a worker before its timer comes', () => {
  push(100);
  expect([rig.isServed, sleeps]).toEqual([true, 0]);
});

it('it waits until most of the backlog is dealt with, and nothing is refused, however much comes at once', () => {
  work = () => {
    rig.take(500);
  };
  const count = Math.ceil((5 * dataBytes) / bytes);
  for (let n = 0; n < count; n++) {
    push(1);
    // It looks after each 64 KiB.
    expect(rig.lane.backlogBytes).toBeLessThan(laneWait.fromBytes + 100_000);
  }
  expect(sleeps).toBeGreaterThan(count / 500 - laneWait.fromBytes / bytes / 500 - 2);
  expect(rig.lane.waitedMs).toBe(sleeps);
});

it('it does not wait for a worker that does nothing, until that one continues', () => {
  push(dataBytes / bytes - 10);
  expect(sleeps).toBe(looksUntilStuck);
  rig.take(1);
  push(laneWait.fromBytes / bytes);
  expect(sleeps).toBe(2 * looksUntilStuck);
});

it('it has a share of the time, and saves some up', () => {
  const backlog = { backlogBytes: dataBytes };
  let now = 0;
  const wait = new LaneWait(rig.memory.lanes[rig.lane.index]!, 0.2, () => now);
  push(6000);
  work = () => {
    now++;
    if (rig.take(1).length === 0) throw new Error('nothing is left to do');
  };
  wait.wait(backlog);
  expect(wait.waitedMs).toBe(laneWait.savedMs);
  wait.wait(backlog);
  expect(wait.waitedMs).toBe(laneWait.savedMs);
  now += 100;
  wait.wait(backlog);
  expect(wait.waitedMs).toBe(laneWait.savedMs + 20);
  now += 1e6;
  wait.wait(backlog);
  expect(wait.waitedMs).toBe(2 * laneWait.savedMs + 20);
});
