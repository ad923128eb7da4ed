/**
 * The seed of everything random in these tests: fixed, so that a run can be repeated, and ACS_TEST_SEED to try another.
 * fast-check prints the seed and the path of a failure; whoever uses `generator` must print `seed`.
 */
import type { Parameters } from 'fast-check';

export const seed = Number(process.env['ACS_TEST_SEED'] ?? 20_241_115);

export function seeded<T>(parameters: Parameters<T>): Parameters<T> {
  return { ...parameters, seed };
}

/** Random numbers from 0 to below 1 (mulberry32). Not for secrets. */
export function generator(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
