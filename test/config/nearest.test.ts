/** What somebody may have meant by a name that does not exist. */
import { expect, test } from 'vitest';
import { suggestion } from '../../src/config/nearest.ts';

const names = ['--port', '--ring-seconds', '--max-streams', '--max-participants'];

test.each([
  ['--prot', '--port'],
  ['--ring-second', '--ring-seconds'],
  ['--maxstreams', '--max-streams'],
  ['--max-participant', '--max-participants'],
])('%s is near %s', (written, name) => {
  expect(suggestion(written, names)).toBe(`; did you mean ${name}?`);
});

test.each(['--colour', '', 'x', '--'.padEnd(1_000_000, 'x')])(
  'nothing is near what is like none of them',
  (written) => {
    expect(suggestion(written, names)).toBe('');
  },
);
