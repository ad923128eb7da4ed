/**
 * The files of deploy/prometheus: Prometheus and the Alertmanager accept them, their own tests pass, every metric in them is
 * one that a real gateway has, and nobody is woken by an alert that has no test and no page to open.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readCatalogue, rulesIn } from '../grafana/catalogue.ts';
import { type Catalogue, checkQuery, metricsIn } from '../grafana/promql.ts';
import { needs } from '../support/needs.ts';

const root = resolve(import.meta.dirname, '../..');
const folder = join(root, 'deploy/prometheus');

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const alerts = rulesIn<Alert>('alerts.yml');
const names = [...new Set(alerts.map(({ alert }) => alert))];
const recorded = rulesIn<{ readonly record: string; readonly expr: string }>('recording.yml');
const testFiles = globSync(join(folder, 'tests/*.yml')).sort();

/** Values of the labels `reason`, `result` and `cause`, as the documentation lists them. */
const knownValues = Array.from(
  readFileSync(join(root, 'docs/metrics.md'), 'utf8').matchAll(/`([a-z_]+)`/g),
  ([, value]) => value!,
);

const runbook = readFileSync(join(root, 'grafana/runbook.md'), 'utf8');

function ofFolder(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function run(tool: string, ...args: string[]): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(tool, args, { cwd: folder, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

describe('promtool', needs('promtool'), () => {
  test('accepts the configuration and the rules, without a complaint', () => {
    const { code, output } = run('promtool', 'check', 'config', 'prometheus.yml');
    expect(code, output).toBe(0);
    expect(output).toContain('3 rule files found');
    const files = ['recording', 'alerts', 'haproxy'].map((name) => `rules/${name}.yml`);
    const rules = run('promtool', 'check', 'rules', '--lint-fatal', ...files);
    expect(rules.code, rules.output).toBe(0);
  });

  test('runs the tests of the rules, and they pass', () => {
    expect(testFiles.length).toBeGreaterThan(3);
    const { code, output } = run('promtool', 'test', 'rules', ...testFiles);
    expect(code, output).toBe(0);
    expect(output.match(/SUCCESS/g)).toHaveLength(testFiles.length);
  });
});

describe('amtool', needs('amtool'), () => {
  test('accepts the configuration', () => {
    const { code, output } = run('amtool', 'check-config', 'alertmanager.yml');
    expect(code, output).toBe(0);
  });

  test('sends critical alerts to the pager and warnings to the tickets', () => {
    const route = (severity: string) =>
      execFileSync('amtool', ['config', 'routes', 'test', '--config.file=alertmanager.yml', `severity=${severity}`], {
        cwd: folder,
        encoding: 'utf8',
        stdio: 'pipe',
      }).trim();
    expect([route('critical'), route('warning')]).toEqual(['pager', 'tickets']);
  });
});

describe('every rule', () => {
  let catalogue: Catalogue;

  beforeAll(async () => {
    catalogue = await readCatalogue();
  });

  test('selects metrics and labels that a real gateway has', () => {
    for (const { record, expr } of recorded) expect(checkQuery(expr, catalogue).problems, record).toEqual([]);
    for (const { alert, expr } of alerts) expect(checkQuery(expr, catalogue).problems, alert).toEqual([]);
  });

  test('would be found out if it selected another one', () => {
    const { expr } = alerts.find(({ alert }) => alert === 'AcsGatewayMessagesDropped')!;
    const wrongName = expr.replaceAll('messages_dropped_total', 'message_dropped_total');
    const wrongLabel = expr.replaceAll('reason=~', 'cause=~');
    const wrongGroup = expr.replaceAll('reason)', 'sink)');
    for (const wrong of [wrongName, wrongLabel, wrongGroup]) {
      expect(wrong).not.toBe(expr);
      expect(checkQuery(wrong, catalogue).problems, wrong).not.toEqual([]);
    }
  });

  test('and every query of the runbook selects what exists', () => {
    const queries = Array.from(runbook.matchAll(/\bq '([^']+)'/g), ([, query]) => query!);
    expect(queries.length).toBeGreaterThan(40);
    for (const query of queries) expect(checkQuery(query, catalogue).problems, query).toEqual([]);
  });

  test('selects label values that a real gateway has', () => {
    const values = new Set(knownValues);
    for (const { expr } of alerts) {
      for (const [, label, alternatives] of expr.matchAll(/(\w+)=~?"([^"]+)"/g)) {
        if (label === 'job' || label === 'thread') continue;
        for (const value of alternatives!.split('|')) expect(values, `${label}="${value}"`).toContain(value);
      }
    }
  });

  test('that is recorded has a test, and is used by an alert, a dashboard or the runbook', () => {
    const dashboards = globSync(join(root, 'grafana/generated/*.json')).map((path) => readFileSync(path, 'utf8'));
    const shown = [...dashboards, runbook];
    const tested = ofFolder('tests/recording.yml');
    for (const { record } of recorded) {
      const used = alerts.some(({ expr }) => metricsIn(expr).some(({ name }) => name === record));
      expect(used || shown.some((text) => text.includes(record)), `${record} is used`).toBe(true);
      expect(tested, `${record} is tested`).toContain(record);
    }
  });
});

test('the job of the configuration is the job that the rules select', () => {
  const { scrape_configs } = parse(ofFolder('prometheus.yml')) as { scrape_configs: { job_name: string }[] };
  const selected = new Set(
    alerts.flatMap(({ expr }) => Array.from(expr.matchAll(/job="([^"]+)"/g), ([, job]) => job!)),
  );
  expect([...selected]).toEqual(scrape_configs.map(({ job_name }) => job_name));
});

describe.each(names)('%s', (name) => {
  const rules = alerts.filter(({ alert }) => alert === name);

  test('says how bad it is, how long it must last, what it is, and where to read on', () => {
    for (const { labels, annotations, for: lasts } of rules) {
      expect(['critical', 'warning']).toContain(labels['severity']);
      expect(lasts).toMatch(/^\d+[sm]$/);
      expect(annotations['summary']).toContain('$labels.instance');
      expect(annotations['description']!.length).toBeGreaterThan(40);
      expect(annotations['runbook_url']).toMatch(new RegExp(`/grafana/runbook\\.md#${name.toLowerCase()}$`));
    }
  });

  test('names in its annotations only labels that it has', async () => {
    const catalogue = await catalogueOnce();
    for (const { expr, labels, annotations } of rules) {
      const known = new Set([...checkQuery(expr, catalogue).labels, ...Object.keys(labels), 'job']);
      const used = Array.from(JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g), ([, label]) => label!);
      expect(used.filter((label) => !known.has(label))).toEqual([]);
    }
  });

  test('is made to fire by a test, with each severity that it has', () => {
    const fired = new Set<string>();
    for (const path of testFiles) {
      const { tests } = parse(readFileSync(path, 'utf8')) as { tests: PromtoolTest[] };
      for (const { alert_rule_test = [] } of tests) {
        for (const { alertname, exp_alerts } of alert_rule_test) {
          if (alertname === name) for (const { exp_labels } of exp_alerts) fired.add(exp_labels['severity']!);
        }
      }
    }
    expect([...fired].sort()).toEqual([...new Set(rules.map(({ labels }) => labels['severity']))].sort());
  });
});

test('every alert has a heading in the runbook, and every heading of its kind is an alert', () => {
  const headings = runbook.match(/^## AcsGateway\w+$/gm) ?? [];
  expect(headings.map((heading) => heading.slice(3)).sort()).toEqual([...names].sort());
});

test('every link of the runbook leads somewhere', () => {
  const anchors = new Set(Array.from(runbook.matchAll(/^#+ (.+)$/gm), ([, heading]) => heading!.toLowerCase()));
  const links = Array.from(runbook.matchAll(/\]\(([^)]*)\)/g), ([, target]) => target!);
  expect(links.length).toBeGreaterThan(20);
  for (const link of links.filter((target) => !target.startsWith('https://'))) {
    const [path, anchor] = link.split('#');
    if (path === '') expect(anchors, link).toContain(anchor);
    else expect(existsSync(join(root, 'grafana', path!)), link).toBe(true);
  }
});

test('every alert stands in the table of docs/monitoring.md', () => {
  const page = readFileSync(join(root, 'docs/monitoring.md'), 'utf8');
  expect(
    names.filter((name) => !page.includes(`| [\`${name}\`](../grafana/runbook.md#${name.toLowerCase()}) |`)),
  ).toEqual([]);
  expect(recorded.filter(({ record }) => !page.includes(`\`${record}\``))).toEqual([]);
});

interface PromtoolTest {
  readonly alert_rule_test?: readonly {
    readonly alertname: string;
    readonly exp_alerts: readonly { readonly exp_labels: Readonly<Record<string, string>> }[];
  }[];
}

let known: Promise<Catalogue> | null = null;
function catalogueOnce(): Promise<Catalogue> {
  known ??= readCatalogue();
  return known;
}
