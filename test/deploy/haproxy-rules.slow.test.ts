/** The alerts of rules/haproxy.yml: each selects what a real HAProxy exposes, is made to fire by a test, and has its pages. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { startHaproxy } from '../balancer/haproxy.ts';
import { rulesIn } from '../grafana/catalogue.ts';
import { metricsIn } from '../grafana/promql.ts';
import { temporaryFolder } from '../support/folders.ts';
import { needs } from '../support/needs.ts';

const root = resolve(import.meta.dirname, '../..');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly runbook_url: string; readonly summary: string; readonly description: string };
}

const alerts = rulesIn<Alert>('haproxy.yml');

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

test('every metric that they select is one of a real HAProxy', needs('haproxy'), async () => {
  const haproxy = await startHaproxy({ folder: temporaryFolder(), gateways: ['127.0.0.1:1', '127.0.0.1:2'] });
  onTestFinished(() => haproxy.process.stop());
  const exposed = await (await fetch(`${haproxy.statusUrl}/metrics`)).text();
  const names = new Set(Array.from(exposed.matchAll(/^# TYPE (\w+)/gm), ([, name]) => name));
  // Seen in certificate.slow.test.ts; and by Prometheus itself.
  for (const name of ['acs_balancer_certificate_expiry_timestamp_seconds', 'up']) names.add(name);
  const selected = alerts.flatMap(({ expr }) => metricsIn(expr).map(({ name }) => name));
  expect(selected.length).toBeGreaterThan(7);
  expect(selected.filter((name) => !names.has(name))).toEqual([]);
  for (const [, name, value] of alerts.flatMap(({ expr }) => [...expr.matchAll(/(proxy|code)="(\w+)"/g)]))
    expect(exposed, `${name}="${value}"`).toContain(`${name}="${value}"`);
});

describe.each([...new Set(alerts.map(({ alert }) => alert))])('%s', (name) => {
  const rules = alerts.filter(({ alert }) => alert === name);

  test('has a heading in the runbook, where its link leads, and a row on the page', () => {
    for (const { annotations } of rules) {
      expect(annotations.runbook_url).toMatch(new RegExp(`/grafana/runbook\\.md#${name.toLowerCase()}$`));
      expect(annotations.description.length).toBeGreaterThan(40);
    }
    expect(read('grafana/runbook.md')).toContain(`\n## ${name}\n`);
    expect(read('docs/load-balancing.md')).toContain(`| [\`${name}\`](../grafana/runbook.md#${name.toLowerCase()}) |`);
  });

  test('is made to fire by a test, with each severity that it has', () => {
    const { tests } = parse(read('deploy/prometheus/tests/haproxy.yml')) as { tests: PromtoolTest[] };
    const fired = tests
      .flatMap(({ alert_rule_test }) => alert_rule_test)
      .filter(({ alertname }) => alertname === name)
      .flatMap(({ exp_alerts }) => exp_alerts.map(({ exp_labels }) => exp_labels['severity']));
    expect(new Set(fired)).toEqual(new Set(rules.map(({ labels }) => labels.severity)));
  });
});

test('the runbook has no heading of an alert that does not exist', () => {
  const headings = Array.from(read('grafana/runbook.md').matchAll(/^## (AcsBalancer\w+)$/gm), ([, heading]) => heading);
  expect(new Set(headings)).toEqual(new Set(alerts.map(({ alert }) => alert)));
});

test('the jobs that they select are those of the configurations', () => {
  const selected = new Set(
    alerts.flatMap(({ expr }) => Array.from(expr.matchAll(/job="([^"]+)"/g), ([, job]) => job!)),
  );
  expect([...selected]).toEqual(['acs-audio-balancer']);
  expect(read('deploy/compose/prometheus.yml')).toContain('- job_name: acs-audio-balancer\n');
  expect(read('deploy/prometheus/prometheus.yml')).toContain('- job_name: acs-audio-balancer\n');
});

interface PromtoolTest {
  readonly alert_rule_test: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
  }[];
}
