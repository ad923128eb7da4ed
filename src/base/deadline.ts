/** A deadline for what may never come. Any thread. */
import { awakeClock } from './awake-clock.ts';

/**
 * Waits for something, but not longer than this, not counting time in which the process stood still. Returns whether it
 * came; rejects if it does in time.
 */
export async function withTimeout(timeoutMs: number, done: Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = awakeClock.after(timeoutMs, () => late.resolve(false));
  return first(done, late.promise).finally(() => timer.cancel());
}

/** The same by the clock on the wall, for what must end whatever this thread has met. */
export async function withWallTimeout(timeoutMs: number, done: Promise<void>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), timeoutMs);
  return first(done, late.promise).finally(() => clearTimeout(timer));
}

function first(done: Promise<void>, late: Promise<false>): Promise<boolean> {
  return Promise.race([done.then(() => true), late]);
}
