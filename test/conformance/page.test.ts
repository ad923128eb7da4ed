/** docs/conformance.md lists the scenarios, the flags and the times as they are. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { conformancePage, fillTables } from '../../docs/conformance.ts';
import { checkSettings } from '../../src/cli/check.ts';
import { flagName } from '../../src/config/setting.ts';
import { scenarios } from '../../src/conformance/scenarios/all.ts';

const page = readFileSync(conformancePage, 'utf8');

test('the page tells every scenario as it is (npm run docs:conformance)', () => {
  expect(page).toBe(fillTables(page));
  for (const { name } of scenarios) expect(page).toContain(`| \`${name}\` |`);
});

test('a group that the page does not tell is found out', () => {
  expect(() => fillTables(page.replace('<!-- scenarios: the upgrade -->', ''))).toThrow(
    'in no table of docs/conformance.md: the upgrade',
  );
  expect(() => fillTables(page.replace('scenarios: the upgrade', 'scenarios: nothing'))).toThrow(
    'there is no group nothing',
  );
});

test('the page tells every flag', () => {
  for (const key of Object.keys(checkSettings)) expect(page).toContain(`\`${flagName(key)}`);
});

test('every scenario says why it matters and what to do, in words that fit behind a colon', () => {
  for (const { name, does, must, matters, remedy } of scenarios) {
    for (const text of [does, must, matters, remedy]) {
      expect(text.length, name).toBeGreaterThan(15);
      expect(text, name).not.toMatch(/[.;:]$|^(The|A|An|It|Each|This|Do|Give|Take)\b/);
    }
  }
});
