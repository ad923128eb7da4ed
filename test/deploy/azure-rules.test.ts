/** deploy/azure/rules.json: every rule of deploy/prometheus as a resource of Azure, within Azure's limits. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { isoDuration, ruleGroupTemplate } from '../../deploy/azure/rule-groups.ts';
import { rulesIn } from '../grafana/catalogue.ts';

const root = resolve(import.meta.dirname, '../..');

interface SourceRule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: { readonly severity: string };
}

test('has every rule, with its expression and how bad it is', () => {
  const text = readFileSync(join(root, 'deploy/azure/rules.json'), 'utf8');
  const { resources, parameters } = JSON.parse(text) as ReturnType<typeof ruleGroupTemplate>;
  const rules = resources.flatMap(({ properties }) => properties.rules);
  const source = ['recording.yml', 'alerts.yml', 'haproxy.yml'].flatMap((name) => rulesIn<SourceRule>(name));
  expect(rules.map(({ expression }) => expression)).toEqual(source.map(({ expr }) => expr.trim()));
  for (const [index, rule] of rules.entries()) {
    const { record, alert, labels } = source[index]!;
    if (record !== undefined) expect(rule).toEqual({ record, expression: rule.expression });
    else expect(rule).toMatchObject({ alert, severity: labels!.severity === 'critical' ? 1 : 2 });
  }
  expect(resources.every(({ properties }) => properties.rules.length <= 20)).toBe(true);
  const names = resources.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const used = new Set(Array.from(text.matchAll(/\[parameters\('(\w+)'\)\]/g), ([, name]) => name!));
  expect([...used].sort()).toEqual(Object.keys(parameters).sort());
});

test('a group of more rules than Azure takes becomes two, in their order', () => {
  const rules = Array.from({ length: 45 }, (_, index) => ({ record: `a:b:${index}`, expr: 'up' }));
  const { resources } = ruleGroupTemplate([JSON.stringify({ groups: [{ name: 'many', rules }] })]);
  expect(resources.map(({ name, properties }) => [name, properties.rules.length])).toEqual([
    ['many', 20],
    ['many-2', 20],
    ['many-3', 5],
  ]);
});

test('a wait is in ISO 8601, a minute at least', () => {
  const texts = ['15s', '90s', '5m', '75m', '1h', '2d'];
  expect(texts.map(isoDuration)).toEqual(['PT1M', 'PT90S', 'PT5M', 'PT75M', 'PT1H', 'P2D']);
  expect(() => isoDuration('1h30m')).toThrow('not a duration');
});
