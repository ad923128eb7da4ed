import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Alarm } from '../../src/sink/alarm.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('an alarm rings once, at the earliest time that it was set to', () => {
  const ring = vi.fn();
  const alarm = new Alarm(ring);
  const nowMs = performance.now();
  alarm.set(nowMs + 100);
  alarm.set(nowMs + 30);
  alarm.set(nowMs + 60);
  vi.advanceTimersByTime(29);
  expect(ring).not.toHaveBeenCalled();
  vi.advanceTimersByTime(500);
  expect(ring).toHaveBeenCalledOnce();
  alarm.set(performance.now() + 10);
  vi.advanceTimersByTime(10);
  expect(ring).toHaveBeenCalledTimes(2);
});

test('an alarm that is off is not set again', () => {
  const ring = vi.fn();
  const alarm = new Alarm(ring);
  alarm.set(performance.now() + 10);
  alarm.off();
  alarm.set(performance.now() + 10);
  vi.advanceTimersByTime(100);
  expect(ring).not.toHaveBeenCalled();
});
