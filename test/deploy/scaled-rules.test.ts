/** The helper that makes rules run faster changes durations, all of them, exactly, and nothing else. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { scaleDuration, scaleFile, scaleQuery } from './scaled-rules.ts';

const folder = resolve(import.meta.dirname, '../../deploy/prometheus');

test('a duration is divided', () => {
  const scaled = ['5m', '15s', '1h30m', '1d', '500ms', '0m'].map((text) => scaleDuration(text, 10));
  expect(scaled).toEqual(['30000ms', '1500ms', '540000ms', '8640000ms', '50ms', '0ms']);
});

test('what cannot be divided exactly, or is no duration, is refused', () => {
  expect(() => scaleDuration('10s', 60)).toThrow('not divisible');
  expect(() => scaleDuration('5 minutes', 10)).toThrow('no duration');
});

test('ranges, subqueries and offsets of a query are divided', () => {
  expect(scaleQuery('rate(a_total{x="5m"}[5m]) > 0.5', 10)).toBe('rate(a_total{x="5m"}[30000ms]) > 0.5');
  expect(scaleQuery('max_over_time((a > 3)[1h:15s] offset 5m)', 10)).toBe(
    'max_over_time((a > 3)[360000ms:1500ms] offset 30000ms)',
  );
});

test('names of recorded series and numbers stay', () => {
  const query = 'acs_gateway:residence_seconds:p99_5m > 0.02 and on (job) job:a:rate1m >= 50';
  expect(scaleQuery(query, 10)).toBe(query);
});

test('a query that is none is refused', () => {
  expect(() => scaleQuery('rate(a[5m)', 10)).toThrow('no PromQL');
});

test('a file keeps all but its durations', () => {
  const yaml = 'groups: [{ name: 5m, rules: [{ alert: A, expr: "rate(a[1m]) > 1", for: 2m, labels: { x: 5m } }] }]';
  expect(scaleFile(yaml, 10)).toEqual({
    groups: [{ name: '5m', rules: [{ alert: 'A', expr: 'rate(a[6000ms]) > 1', for: '12000ms', labels: { x: '5m' } }] }],
  });
});

test.each(['rules/recording.yml', 'rules/alerts.yml', 'prometheus.yml', 'alertmanager.yml'])(
  'scaled by 40 and back by 1/40, %s is what it was in milliseconds',
  (name) => {
    const yaml = readFileSync(join(folder, name), 'utf8');
    const scaled = JSON.stringify(scaleFile(yaml, 40));
    expect(JSON.stringify(scaleFile(scaled, 1 / 40))).toBe(JSON.stringify(scaleFile(yaml, 1)));
    expect(scaled).not.toBe(JSON.stringify(scaleFile(yaml, 1)));
  },
);
