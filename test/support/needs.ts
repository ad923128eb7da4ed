/**
 * What a test needs beyond Node.js and npm: programs, rights, a compiled addon. The one rule: where a need is missing the test is
 * skipped by the name of what is missing, never failed; with ACS_TEST_REQUIRE=all, as in CI, it is the other way round.
 *
 *     test('…', needs('haproxy'), async () => {});
 *     describe('…', needs('prometheus', 'promtool'), () => {});
 */
import { type TestAPI, type TestOptions, test } from 'vitest';
import { has, type Need, probes } from './machine.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Why a test is skipped: what is missing, and what brings it. */
    missing?: string;
    /** It may be missing in CI as well. */
    isExcused?: boolean;
  }
}

/** Options for `test` and `describe`. Throws for the whole file where nothing may be missing. */
export function needs(...wanted: readonly Need[]): TestOptions {
  const missing = wanted.filter((need) => !has(need));
  if (missing.length === 0) return {};
  const reason = missing.map((need) => `${need} (${probes[need].remedy})`).join(' and ');
  const isExcused = missing.every((need) => 'excuse' in probes[need]);
  if (process.env['ACS_TEST_REQUIRE'] === 'all' && !isExcused) throw new Error(`missing here: ${reason}`);
  return { skip: true, meta: { missing: reason, isExcused } };
}

/** `test` for a file of which every test has the same needs. */
export function testNeeding(...wanted: readonly Need[]): TestAPI {
  const options = needs(...wanted);
  if (options.skip !== true) return test;
  const skipped = (name: string) => test(name, options, () => {});
  const each = (rows: readonly unknown[]) => (name: string) => {
    for (const _ of rows) skipped(name);
  };
  return Object.assign(skipped, { each, concurrent: skipped }) as unknown as TestAPI;
}
