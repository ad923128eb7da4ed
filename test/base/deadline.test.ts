/** A deadline for what may never come. */
import { expect, test } from 'vitest';
import { withTimeout } from '../../src/base/deadline.ts';

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

test('it says whether something came in time', async () => {
  expect(await withTimeout(10_000, Promise.resolve())).toBe(true);
  expect(await withTimeout(10, new Promise(() => {}))).toBe(false);
});

test('no timer is left behind, also if what was waited for failed', async () => {
  const before = timers();
  await withTimeout(10_000, Promise.resolve());
  await expect(withTimeout(10_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(timers()).toBe(before);
});

test('what fails too late is not unhandled', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  expect(await withTimeout(10, promise)).toBe(false);
  reject(new Error('too late'));
  await new Promise((resolve) => setTimeout(resolve, 10));
});
