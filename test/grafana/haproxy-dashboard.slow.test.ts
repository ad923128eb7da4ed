/** The dashboard of HAProxy: complete, in place, and every query of it selects what a real HAProxy exposes. */
import { expect, onTestFinished, test } from 'vitest';
import { startHaproxy } from '../balancer/haproxy.ts';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';
import { dataPanels, readDashboard } from './dashboard-json.ts';
import { parseExposition, seriesLabels } from './exposition.ts';
import { checkQuery } from './promql.ts';

const dashboard = readDashboard('haproxy');

test('its panels are explained, fill the width, and ask what the variables chose', () => {
  const panels = dataPanels(dashboard);
  expect(panels.length).toBe(8);
  for (const { title, description, fieldConfig, gridPos, targets } of panels) {
    expect(description, title).toMatch(/^[A-Z].{40,}\.$/);
    expect(fieldConfig?.defaults.unit, title).toBeTruthy();
    expect([0, 12], title).toContain(gridPos.x);
    for (const { expr } of targets!) expect(expr, title).toContain('instance=~"$instance"');
  }
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
});

test('every query selects a metric and labels of a real HAProxy', needs('haproxy'), async () => {
  const haproxy = await startHaproxy({ folder: temporaryFolder(), gateways: ['127.0.0.1:1', '127.0.0.1:2'] });
  onTestFinished(() => haproxy.process.stop());
  const exposed = await (await fetch(`${haproxy.statusUrl}/metrics`)).text();
  const catalogue = seriesLabels(parseExposition(exposed));
  // Of the port that only TLS reaches.
  catalogue.set('acs_balancer_certificate_expiry_timestamp_seconds', new Set());
  for (const labels of catalogue.values()) for (const label of ['job', 'instance']) labels.add(label);
  for (const { title, targets } of dataPanels(dashboard)) {
    for (const { expr } of targets!)
      expect(checkQuery(expr.replaceAll('$__rate_interval', '1m'), catalogue).problems, title).toEqual([]);
  }
  const variables = dashboard.templating.list.filter(({ type }) => type === 'query');
  for (const variable of variables) expect(JSON.stringify(variable)).toContain('haproxy_process_build_info');
  expect(catalogue.has('haproxy_process_build_info')).toBe(true);
});
