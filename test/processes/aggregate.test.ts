/** The metrics of several processes as those of one. */
import { expect, test } from 'vitest';
import { createLog } from '../../src/base/log.ts';
import { readConfig } from '../../src/config/config.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { type Aggregation, aggregate, countsOf, type Snapshot, textOf } from '../../src/metrics/aggregate.ts';
import { Metrics } from '../../src/metrics/registry.ts';

function gauge(aggregation: Aggregation, value: number): Promise<Snapshot> {
  const metrics = new Metrics();
  metrics.gauge('some', 'Some.', [], () => [[{}, value]], aggregation);
  return metrics.snapshot();
}

async function combined(aggregation: Aggregation, ...values: readonly number[]) {
  const snapshots = await Promise.all(values.map((value) => gauge(aggregation, value)));
  const all = aggregate(snapshots.map((snapshot, i) => ({ process: String(i), snapshot })));
  return all[0]!.values.map(({ value, labels }) => [value, labels]);
}

test('a gauge becomes what its meaning says', async () => {
  expect(await combined('sum', 1, 2)).toEqual([[3, {}]]);
  expect(await combined('max', 0, 1)).toEqual([[1, {}]]);
  expect(await combined('min', 0, 1)).toEqual([[0, {}]]);
  expect(await combined('average', 0.2, 0.6)).toEqual([[0.4, {}]]);
  // Faults of two processes must not hide each other.
  expect(await combined('farthest', 1, -2, 0)).toEqual([[-2, {}]]);
  expect(await combined('each', 5, 6)).toEqual([
    [5, { process: '0' }],
    [6, { process: '1' }],
  ]);
});

test('a histogram of two processes has the sum of each bucket, of each set of labels', async () => {
  const metricsOf = (...counts: number[]) => {
    const metrics = new Metrics();
    const read = () => [{ labels: { kind: 'a "quoted" one' }, counts, sum: 0.5 }];
    metrics.histogram('time_seconds', 'Time.', ['kind'], [1, 2], read);
    return metrics.snapshot();
  };
  const snapshots = [
    { process: '0', snapshot: await metricsOf(1, 2, 3) },
    { process: '1', snapshot: await metricsOf(10, 20, 30) },
  ];
  expect(await textOf(aggregate(snapshots))).toBe(
    [
      '# HELP acs_gateway_time_seconds Time.',
      '# TYPE acs_gateway_time_seconds histogram',
      'acs_gateway_time_seconds_bucket{kind="a \\"quoted\\" one",le="1"} 11',
      'acs_gateway_time_seconds_bucket{kind="a \\"quoted\\" one",le="2"} 33',
      'acs_gateway_time_seconds_bucket{kind="a \\"quoted\\" one",le="+Inf"} 66',
      'acs_gateway_time_seconds_sum{kind="a \\"quoted\\" one"} 1',
      'acs_gateway_time_seconds_count{kind="a \\"quoted\\" one"} 66',
      '',
    ].join('\n'),
  );
});

test('what a process has counted stays when it is gone; its gauges, and what is its own, go with it', async () => {
  const metrics = new Metrics();
  metrics.counter('calls_total', 'Calls.', [], () => [[{}, 7]]);
  metrics.counter('own_total', 'Own.', [], () => [[{}, 7]], 'each');
  metrics.gauge('open', 'Open.', [], () => [[{}, 7]]);
  expect(countsOf(await metrics.snapshot()).map(({ name }) => name)).toEqual(['acs_gateway_calls_total']);
});

test('of one process all metrics of a gateway are what that process says', async () => {
  const config = readConfig({ argv: ['--max-streams', '10', '--ring-memory-mb', '16', '--workers', '1'] });
  const { figures } = new Gateway(config, createLog('silent'));
  const snapshot = structuredClone(await figures.snapshot());
  const text = await textOf(aggregate([{ process: '0', snapshot }]));
  // What moves between two readings.
  const still = (lines: string) => lines.replaceAll(/^((process|nodejs)_.*) \S+$/gm, '$1');
  const own = still(await figures.metrics());
  expect(still(text.replaceAll(/,?process="0"/g, '').replaceAll('{}', ''))).toBe(own);
  expect(own).toContain('acs_gateway_process_restarts_total{cause="hung"} 0');
});
