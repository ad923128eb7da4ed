/** Every command that tries or measures the gateway says what it does when it is asked, instead of doing it. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const tools = Object.entries(scripts).flatMap(([name, command]) => {
  const file = /^node .* ((?:test|bench|console)\/\S+\.ts)$/.exec(command)?.[1];
  return file === undefined || name === 'bench:report' ? [] : [[name, file] as const];
});

test.concurrent.each(tools)('npm run %s -- --help', (_name, file) => {
  const flags = ['--disable-warning=ExperimentalWarning', file, '--help'];
  expect(execFileSync(process.execPath, flags, { cwd: root, encoding: 'utf8' })).toMatch(/^usage: npm run /i);
});

test('a flag that is wrong gets a line and the usage', () => {
  const flags = ['--disable-warning=ExperimentalWarning', 'test/kills/main.ts', '--kills', 'many'];
  const { status, stderr } = spawnSync(process.execPath, flags, { cwd: root, encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringMatching(/^--kills many: expected a number\n\nUsage: /)]);
});
