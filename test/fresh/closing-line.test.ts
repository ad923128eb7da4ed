/** The fresh machine's counts are those of the run's own closing line. */
import { expect, test } from 'vitest';
import { closingOf } from './closing-line.ts';

const output = ` Tests  12 passed | 2 skipped (14)
Skipped, missing haproxy (apt-get install --no-install-recommends haproxy): 2
  test/balancer/haproxy.test.ts > drains
  test/balancer/haproxy.test.ts > reloads
12 passed, 0 failed, 2 skipped
`;

test('counts, and each skip below its reason', () => {
  expect(closingOf(output)).toEqual({ passed: 12, failed: 0, skipped: 2, skips: output.split('\n').slice(1, 4) });
});

test('a run that did not come to its end has none', () => {
  expect(closingOf('error TS2554: Expected 2 arguments, but got 1.\n')).toBeNull();
});
