/** The command `bench:load` in its smallest size: it runs, it checks, it cleans up behind itself. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { has } from '../support/machine.ts';
import { judgingTimes } from '../support/starvation.ts';
import { runBench, smoke, startBench } from './support/command.ts';

const labels = [
  'bare uWebSockets.js',
  'uWebSockets.js + JSON.parse',
  "ws + StreamingData.parse (Microsoft's sample)",
  'one piscina task per message',
  'one piscina task per message, many at a time',
  'gateway (scan)',
  ...(has('simdjson addon') ? ['gateway (simdjson)'] : []),
  'gateway (json)',
];

test(
  'every row is measured, and nothing gets lost in any of them',
  judgingTimes(async () => {
    const { bench, rows, stdout } = await smoke('load');
    expect(bench).toBe('load');
    expect(rows.map(({ name }) => name)).toEqual(labels.map((label) => `500 frames/s · ${label}`));
    for (const { name, measures, remarks } of rows) {
      expect(remarks.filter((remark) => remark.includes('match'))).toEqual([]);
      expect(measures['frames/s']!.median, name).toBeGreaterThan(250);
      expect(measures['drops']!.median, name).toBe(0);
      expect(measures['RSS']!.median, name).toBeGreaterThan(20);
      expect('residence p99' in measures, name).toBe(!name.includes('bare'));
      for (const [column, { samples }] of Object.entries(measures)) {
        expect(samples.every(Number.isFinite), `${name}: ${column}`).toBe(true);
      }
      expect(stdout).toContain(name);
    }
  }),
);

test('a row that does not exist is refused', async () => {
  const { code, stderr } = await runBench('load', '--rows', 'nothing');
  expect(code).toBe(2);
  expect(stderr).toContain('no row "nothing"');
});

test('SIGINT leaves no process behind', async () => {
  const bench = startBench('load', '--smoke', '--rows', 'bare', '--seconds', '20');
  const childrenOf = () =>
    readFileSync(`/proc/${bench.pid}/task/${bench.pid}/children`, 'utf8').split(' ').filter(Boolean);
  // Both of them: the server and the generator.
  while (childrenOf().length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  const children = childrenOf();
  bench.kill('SIGINT');
  const [code] = (await once(bench, 'close')) as [number | null];
  expect(code).toBe(130);
  await expect.poll(() => children.filter((pid) => existsSync(`/proc/${pid}/exe`)), { timeout: 60_000 }).toEqual([]);
});
