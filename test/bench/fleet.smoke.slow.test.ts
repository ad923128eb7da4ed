/** The command `bench:fleet` in its smallest size, and what the page says of its published result. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fleetTables } from '../../bench/load/fleet/page.ts';
import { readFleetResult } from '../../bench/load/fleet/result.ts';
import { root } from '../../bench/report/cli.ts';
import { fillPage } from '../../bench/rollout/page.ts';
import { needs } from '../support/needs.ts';
import { judgingTimes } from '../support/starvation.ts';
import { runBench } from './support/command.ts';

test(
  'one gateway and two behind the real HAProxy take everything, and nothing gets lost',
  needs('haproxy'),
  judgingTimes(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fleet-smoke-'));
    try {
      const json = join(folder, 'result.json');
      const { code, stderr } = await runBench('load/fleet', '--smoke', '--json', json);
      expect(code, stderr).toBe(0);
      const { rows, settings } = readFleetResult(json);
      expect(settings['smoke']).toBe(true);
      expect(rows.map(({ name }) => name)).toEqual([
        '1,000 frames/s · two gateways behind HAProxy',
        '500 frames/s · one gateway behind HAProxy with TLS',
      ]);
      for (const { name, measures, remarks } of rows) {
        expect(
          remarks.filter((remark) => remark.includes('match')),
          name,
        ).toEqual([]);
        expect(measures['drops']!.median, name).toBe(0);
        expect(measures['frames/s']!.median, name).toBeGreaterThan(250);
        expect('HAProxy' in measures, name).toBe(name.includes('HAProxy'));
      }
      // Least connections: as many streams on each.
      expect(rows[0]!.measures['fullest gateway']!.median).toBe(10);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }),
);

test('docs/scaling.md shows the published result', () => {
  const result = readFleetResult(join(root, 'docs/benchmarks/fleet.json'));
  expect(result.settings['smoke']).toBe(false);
  const page = readFileSync(join(root, 'docs/scaling.md'), 'utf8');
  expect(fillPage(page, fleetTables(result)), 'run npm run bench:fleet -- --publish').toBe(page);
});
