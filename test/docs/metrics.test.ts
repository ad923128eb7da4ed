/** The page about metrics says what the gateway answers. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { fillTables, metricsPage } from '../../docs/metrics.ts';
import { GatewayProcess } from '../support/gateway-process.ts';

let exposition = '';
const page = readFileSync(metricsPage, 'utf8');

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'acs-metrics-page-'));
  const gateway = await GatewayProcess.start('--sink', `wav:${folder}`, '--sink', 'nats://127.0.0.1:1?playback');
  exposition = await (await gateway.admin('/metrics')).text();
  await gateway.kill();
  rmSync(folder, { recursive: true });
});

test('docs/metrics.md lists every metric of the gateway with its type, labels, unit and meaning (npm run docs:metrics)', () => {
  expect(page).toBe(fillTables(page, exposition));
});

test('a metric that the page does not list, or lists without need, is found', () => {
  expect(() =>
    fillTables(page, `${exposition}# TYPE acs_gateway_new_total counter\nacs_gateway_new_total 0\n`),
  ).toThrow('acs_gateway_new_total');
  const without = exposition.replaceAll('acs_gateway_gaps_total', 'acs_gateway_holes_total');
  expect(() => fillTables(page, without)).toThrow('acs_gateway_gaps_total');
});

test('every metric that a text of the page names exists', () => {
  const named = Array.from(page.matchAll(/\b(acs_gateway_[a-z_]+?)(?:_bucket)?\b/g), ([, name]) => name!);
  expect(named.length).toBeGreaterThan(50);
  for (const name of named) expect(exposition, name).toContain(`# TYPE ${name} `);
});
