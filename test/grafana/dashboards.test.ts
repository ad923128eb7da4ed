/** The dashboards as Grafana reads them: complete, in place, and leading somewhere. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { generate, generatedFolder } from '../../grafana/generate.ts';
import { thresholds } from '../../grafana/threshold.ts';
import { type AlertRule, rulesIn } from './catalogue.ts';
import { dataPanels, names, readDashboard } from './dashboard-json.ts';
import { syntaxErrors } from './promql.ts';

const root = resolve(import.meta.dirname, '../..');
const all = names.map((name) => [name, readDashboard(name)] as const);
const alerts = rulesIn<AlertRule>('alerts.yml').filter(({ alert }) => alert !== undefined);

function readYaml<T>(path: string): T {
  return parse(readFileSync(join(root, path), 'utf8')) as T;
}

test('what is committed is what the code makes, byte for byte: npm run grafana', () => {
  const made = generate();
  expect(readdirSync(generatedFolder).sort()).toEqual([...made.keys()].sort());
  for (const [name, content] of made) expect(readFileSync(join(generatedFolder, name), 'utf8'), name).toBe(content);
});

test('the addresses of the dashboards never change', () => {
  expect(all.map(([, { uid }]) => uid)).toEqual([
    'acs-gateway-fleet',
    'acs-gateway-audio-quality',
    'acs-gateway-internals',
  ]);
});

describe.each(all)('%s', (_, dashboard) => {
  test('every panel has a title, an explanation, a unit, and asks for something', () => {
    const incomplete = dataPanels(dashboard).filter(({ title, description, fieldConfig, targets }) => {
      const isExplained = /^[A-Z].{40,}\.$/.test(description ?? '');
      return !(title && isExplained && fieldConfig?.defaults.unit && targets?.length && targets.every((t) => t.expr));
    });
    expect(incomplete.map(({ title }) => title)).toEqual([]);
    expect(dataPanels(dashboard).length).toBeGreaterThan(15);
  });

  test('the panels of a dashboard have different numbers, and their queries different names', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { title, targets } of dataPanels(dashboard)) {
      expect(new Set(targets!.map(({ refId }) => refId)).size, title).toBe(targets!.length);
    }
  });

  test('no panel lies on another one or outside of the 24 columns', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.get(`${x},${y}`), `${title} lies on it`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });

  test('every link to a dashboard leads to one, with the time and the variables', () => {
    const uids = all.map(([, { uid }]) => uid);
    const inside = dashboard.links.filter(({ url }) => url!.startsWith('/d/'));
    expect(inside.map(({ url }) => url!.slice('/d/'.length)).sort()).toEqual(
      uids.filter((uid) => uid !== dashboard.uid).sort(),
    );
    expect(inside.every(({ keepTime, includeVars }) => keepTime && includeVars)).toBe(true);
    expect(JSON.stringify(dashboard), 'a link that is hidden in a menu').not.toContain('inControlsMenu');
  });

  test('data source, job and gateways can be chosen, and every query asks what was chosen', () => {
    const variables = new Map(dashboard.templating.list.map((variable) => [variable.name, variable]));
    expect([...variables.keys()]).toEqual(['datasource', 'job', 'instance', 'runbook']);
    expect(variables.get('instance')).toMatchObject({ type: 'query', multi: true, includeAll: true });
    for (const { title, targets } of dataPanels(dashboard)) {
      for (const { expr } of targets!) {
        expect(expr, title).toContain('job=~"$job');
        expect(expr, title).toContain('instance=~"$instance');
      }
    }
  });
});

describe('the runbook', () => {
  const runbook = join(root, 'grafana/runbook.md');
  const links = all.flatMap(([, { panels }]) => panels.flatMap((panel) => panel.links ?? []));

  test('has a heading for every link of a panel', () => {
    const headings = Array.from(readFileSync(runbook, 'utf8').matchAll(/^#+ (\w+)$/gm), ([, title]) =>
      title!.toLowerCase(),
    );
    const anchors = links.map(({ url }) => url!.replace(`\${runbook:raw}#`, ''));
    expect(anchors.length).toBeGreaterThan(20);
    expect(anchors.filter((anchor) => !headings.includes(anchor))).toEqual([]);
  });

  test('is where the alerts say that it is', () => {
    const addresses = new Set(alerts.map(({ annotations }) => annotations.runbook_url.replace(/#.*$/, '')));
    for (const [, { templating }] of all) {
      expect(addresses).toEqual(new Set([templating.list.find(({ name }) => name === 'runbook')!.query]));
    }
  });
});

describe('thresholds', () => {
  test('exist for exactly the alerts that there are', () => {
    expect(Object.keys(thresholds).sort()).toEqual([...new Set(alerts.map(({ alert }) => alert))].sort());
  });

  const lines = Object.entries(thresholds).flatMap(([alert, levels]) =>
    Object.entries(levels).map(([severity, level]) => [alert, severity, level] as const),
  );
  test.each(lines)('of %s (%s) is where the alert compares: %d', (alert, severity, level) => {
    const compared = alerts
      .filter((rule) => rule.alert === alert && rule.labels.severity === severity)
      .flatMap(({ expr }) =>
        Array.from(expr.matchAll(/(?:>|>=|!=)\s*([\d.]+)(?![\d.]*\s*\*)/g), ([, text]) => Number(text)),
      );
    expect(compared).toContain(level);
  });
});

test('the annotations are queries', () => {
  for (const [, { annotations }] of all) {
    expect(annotations.list.map(({ name }) => name)).toEqual(['Starts', 'Alerts']);
    for (const { expr } of annotations.list) expect(syntaxErrors(expr)).toEqual([]);
  }
});

test('Grafana knows the interval at which Prometheus scrapes', () => {
  const { datasources } = readYaml<{ datasources: [{ type: string; jsonData: { timeInterval: string } }] }>(
    'grafana/provisioning/datasources/prometheus.yaml',
  );
  const { global } = readYaml<{ global: { scrape_interval: string } }>('deploy/prometheus/prometheus.yml');
  expect(datasources[0].type).toBe('prometheus');
  expect(datasources[0].jsonData.timeInterval).toBe(global.scrape_interval);
});

test('Grafana has a folder of dashboards', () => {
  const { providers } = readYaml<{ providers: [{ type: string; options: { path: string } }] }>(
    'grafana/provisioning/dashboards/acs-gateway.yaml',
  );
  expect(providers[0]).toMatchObject({ type: 'file', options: { path: expect.stringMatching(/^\//) } });
});
