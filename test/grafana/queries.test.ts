/** Every query of every dashboard, held against what a real gateway exposes and what the rules record. */
import { beforeAll, describe, expect, test } from 'vitest';
import { substitute } from '../../grafana/variables.ts';
import { readCatalogue } from './catalogue.ts';
import { dataPanels, names, readDashboard } from './dashboard-json.ts';
import { checkQuery } from './promql.ts';

const values = { job: '.*', instance: '.*', __rate_interval: '1m', __range: '1h' };

let catalogue: ReadonlyMap<string, ReadonlySet<string>>;

beforeAll(async () => {
  catalogue = await readCatalogue();
});

function problemsOf(expr: string): readonly string[] {
  return checkQuery(substitute(expr, values), catalogue).problems;
}

test('the catalogue is that of a gateway with all its metrics', () => {
  expect(catalogue.size).toBeGreaterThan(50);
  expect(catalogue.get('acs_gateway_messages_dropped_total')).toEqual(new Set(['reason', 'job', 'instance']));
  expect(catalogue.get('acs_gateway_eventloop_delay_seconds_bucket')).toEqual(
    new Set(['le', 'thread', 'job', 'instance']),
  );
  expect(catalogue.get('acs_gateway:residence_seconds:p99_5m')).toEqual(new Set(['job', 'instance']));
});

describe.each(names)('%s', (name) => {
  const dashboard = readDashboard(name);

  test('asks for metrics and labels that exist', () => {
    for (const { title, targets } of dataPanels(dashboard)) {
      for (const { expr } of targets!) expect(problemsOf(expr), `${title}: ${expr}`).toEqual([]);
    }
    for (const { name: annotation, expr } of dashboard.annotations.list) {
      expect(problemsOf(expr), annotation).toEqual([]);
    }
  });

  test('names its series by labels that they have', () => {
    for (const { title, targets } of dataPanels(dashboard)) {
      for (const { expr, legendFormat } of targets!) {
        const { labels } = checkQuery(substitute(expr, values), catalogue);
        const used = Array.from((legendFormat ?? '').matchAll(/\{\{\s*(\w+)\s*\}\}/g), ([, label]) => label!);
        expect(
          used.filter((label) => !labels.has(label)),
          `${title}: ${legendFormat}`,
        ).toEqual([]);
      }
    }
  });

  test('fills its variables from series that exist', () => {
    const queries = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
    expect(queries).toHaveLength(2);
    for (const query of queries) {
      const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(substitute(query, values))!;
      const check = checkQuery(selector!, catalogue);
      expect(check.problems, query).toEqual([]);
      expect(check.labels, query).toContain(label);
    }
  });
});

test.each([
  ['an unknown metric', 'sum(rate(acs_gateway_frames_commited_total{job=~"$job"}[$__rate_interval]))'],
  ['an unknown recording rule', 'acs_gateway:frames_missing:ratio10m{job=~"$job"}'],
  ['an unknown label in a matcher', 'acs_gateway_upgrades_total{reason="overloaded"}'],
  ['an unknown label to group by', 'sum by (call) (acs_gateway_frames_committed_total)'],
  ['buckets of what is no histogram', 'sum by (le) (rate(acs_gateway_gaps_total_bucket[$__rate_interval]))'],
  ['a missing parenthesis', 'sum(rate(acs_gateway_gaps_total[$__rate_interval])'],
  ['a variable that nothing fills', 'rate(acs_gateway_gaps_total[$interval])'],
])('%s would not pass', (_, expr) => {
  expect(problemsOf(expr)).not.toEqual([]);
});
