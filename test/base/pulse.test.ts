/** One timer for all that a thread looks at now and then. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pulse } from '../../src/base/pulse.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('each look comes at its own pace, and all of them with one timer', () => {
  const pulse = new Pulse();
  const [often, seldom] = [vi.fn(), vi.fn()];
  pulse.every(50, often);
  pulse.every(200, seldom);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1000);
  expect([often.mock.calls.length, seldom.mock.calls.length]).toEqual([20, 5]);
});

test('a look that is over never comes again, and the timer ends with the last one', () => {
  const pulse = new Pulse();
  const [one, other] = [vi.fn(), vi.fn()];
  const endOne = pulse.every(50, () => {
    one();
    endOne();
  });
  const endOther = pulse.every(50, other);
  vi.advanceTimersByTime(100);
  expect([one.mock.calls.length, other.mock.calls.length]).toEqual([1, 2]);
  endOther();
  endOther();
  expect(vi.getTimerCount()).toBe(0);
  pulse.every(50, one);
  vi.advanceTimersByTime(50);
  expect(one.mock.calls.length).toBe(2);
});
