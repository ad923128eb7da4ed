/** Time awake: all of it, but for standstills and the moment after them in which the thread hears what came meanwhile. */
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { AwakeClock } from '../../src/base/awake-clock.ts';

const hearMs = 500;
let nowMs = 0;

beforeEach(() => {
  nowMs = 1000;
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function turn(ms: number): void {
  for (let passed = 0; passed < ms; passed += 10) {
    nowMs += 10;
    vi.advanceTimersByTime(10);
  }
}

function standStill(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

function started(): AwakeClock {
  const clock = new AwakeClock(() => nowMs);
  clock.start();
  onTestFinished(() => clock.stop());
  return clock;
}

test('a thread that turns is awake all the time, and so is one whose clock was not started', () => {
  const [clock, idle] = [started(), new AwakeClock(() => nowMs)];
  const sinceMs = nowMs;
  turn(5000);
  expect(clock.since(sinceMs)).toBe(5000);
  standStill(5000);
  expect(idle.since(sinceMs)).toBe(10_000);
});

test('a standstill does not count, nor the moment after it, whichever timer looks first', () => {
  const clock = started();
  turn(1000);
  const sinceMs = nowMs;
  turn(100);
  nowMs += 70_000;
  expect(clock.since(sinceMs)).toBe(100);
  vi.advanceTimersByTime(70_000);
  turn(hearMs);
  expect(clock.since(sinceMs)).toBe(100);
  turn(1000);
  expect(clock.since(sinceMs)).toBe(1100);
  expect(clock.since(nowMs - 200)).toBe(200);
});

test('of a standstill only what lies behind the moment asked for is left out', () => {
  const clock = started();
  turn(1000);
  // What a worker did while this thread did not turn.
  const sinceMs = nowMs + 600;
  standStill(1000);
  turn(hearMs + 50);
  expect(clock.since(sinceMs)).toBe(50);
});

test('a standstill in the moment after another one is not left out twice', () => {
  const clock = started();
  turn(1000);
  const sinceMs = nowMs;
  standStill(1000);
  turn(100);
  standStill(1000);
  turn(hearMs + 50);
  expect(clock.since(sinceMs)).toBe(50);
});

test('a stall that is no standstill counts', () => {
  const clock = started();
  const sinceMs = nowMs;
  standStill(200);
  turn(100);
  expect(clock.since(sinceMs)).toBe(300);
});

test('a timer waits for time awake, and one that is cancelled for nothing', () => {
  const clock = started();
  const [done, cancelled] = [vi.fn(), vi.fn()];
  clock.after(1000, done);
  const other = clock.after(1000, cancelled);
  turn(400);
  standStill(10_000);
  turn(hearMs + 590);
  expect(done).not.toHaveBeenCalled();
  other.cancel();
  turn(20);
  expect(done).toHaveBeenCalledOnce();
  expect(cancelled).not.toHaveBeenCalled();
});

test('two gateways of one process share the clock: it turns until both have stopped', () => {
  const clock = started();
  clock.start();
  clock.stop();
  clock.stop();
  clock.stop();
  clock.start();
  const sinceMs = nowMs;
  standStill(1000);
  turn(hearMs);
  expect(clock.since(sinceMs)).toBe(0);
});
