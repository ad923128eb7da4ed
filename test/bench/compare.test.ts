/** What a comparison of two results says, and how its command ends. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root, writeResult } from '../../bench/report/cli.ts';
import { compareResults, describeComparison } from '../../bench/report/compare.ts';
import { type BenchResult, measure, type Row } from '../../bench/report/result.ts';
import { cpu, resultOf, row } from './results.ts';

describe('a comparison', () => {
  const verdicts = (before: Row['measures'], after: Row['measures']) =>
    compareResults(resultOf([row('a', before)]), resultOf([row('a', after)])).changes.map(({ verdict }) => verdict);

  test('says slower only beyond the threshold and when the spreads are apart', () => {
    expect(verdicts(cpu(10, 10.1, 10.2), cpu(11, 11.1, 11.2))).toEqual(['slower']);
    expect(verdicts(cpu(10, 10.1, 10.2), cpu(10.3, 10.4, 10.5))).toEqual(['same']);
    expect(verdicts(cpu(10, 10.1, 12), cpu(11, 11.5, 12))).toEqual(['same']);
    expect(verdicts(cpu(11, 11.1, 11.2), cpu(10, 10.1, 10.2))).toEqual(['faster']);
  });

  test('knows that more may be better', () => {
    const streams = (...samples: number[]) => ({ streams: measure('', 'higher', samples) });
    expect(verdicts(streams(1000), streams(2000))).toEqual(['faster']);
    expect(verdicts(streams(2000), streams(1000))).toEqual(['slower']);
  });

  test('takes something where there was nothing for a change', () => {
    const drops = (count: number) => ({ drops: measure('', 'lower', [count]) });
    expect(verdicts(drops(0), drops(3))).toEqual(['slower']);
    expect(verdicts(drops(0), drops(0))).toEqual(['same']);
  });

  test('leaves out what only describes the run', () => {
    const load = (count: number) => ({ load: measure('frames/s', 'neither', [count]) });
    expect(verdicts(load(100), load(200))).toEqual([]);
  });

  test('names rows and columns that only one side has', () => {
    const before = resultOf([row('gone', cpu(1)), row('both', { ...cpu(1), old: measure('', 'lower', [1]) })]);
    const after = resultOf([row('both', cpu(1)), row('new', cpu(1))]);
    const { onlyBefore, onlyAfter } = compareResults(before, after);
    expect(onlyBefore).toEqual(['gone', 'both: old']);
    expect(onlyAfter).toEqual(['new']);
  });

  test('warns when machine, Node.js, settings or units differ', () => {
    const before = resultOf([row('a', cpu(1))]);
    const machine = { ...before.machine, cores: 96, node: 'v23.0.0' };
    const rows = [row('a', { CPU: measure('ms', 'lower', [1]) })];
    const { warnings, changes } = compareResults(before, { ...before, machine, settings: { repetitions: 9 }, rows });
    expect(warnings.map((text) => text.split(':')[0])).toEqual([
      'machine differ in cores',
      'machine differ in node',
      'settings differ in repetitions',
      'a',
    ]);
    expect(changes).toEqual([]);
  });

  test('is reported with both figures and their ratio', () => {
    const text = describeComparison(compareResults(resultOf([row('a', cpu(10))]), resultOf([row('a', cpu(15))])));
    expect(text).toContain('slower  a: CPU  10 → 15 µs/frame  × 1.50');
    expect(text).toContain('1 slower, 0 faster, 0 the same');
  });
});

describe('the command bench:compare', () => {
  const folder = mkdtempSync(join(tmpdir(), 'acs-bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const save = (name: string, value: BenchResult) => {
    const path = join(folder, name);
    writeResult(value, path);
    return path;
  };
  const compare = (...args: string[]) => {
    const command = ['--disable-warning=ExperimentalWarning', join(root, 'bench/report/compare.ts'), ...args];
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  test('ends with 1 when something got slower, and with 0 otherwise', () => {
    const a = save('a.json', resultOf([row('x', cpu(10))]));
    const b = save('b.json', resultOf([row('x', cpu(20))]));
    expect(compare(a, b)).toMatchObject({ status: 1, stdout: expect.stringContaining('slower  x: CPU') });
    expect(compare(b, a)).toMatchObject({ status: 0, stdout: expect.stringContaining('faster  x: CPU') });
    expect(compare(a, b, '--threshold', '0.9')).toMatchObject({ status: 1 });
    expect(compare(a, a)).toMatchObject({ status: 0 });
  });

  test('ends with 2 and one message on bad input', () => {
    const a = save('a.json', resultOf([row('x', cpu(10))]));
    const other = save('micro.json', resultOf([row('x', cpu(10))], 'micro'));
    const broken = join(folder, 'broken.json');
    writeFileSync(broken, '{');
    for (const args of [[], [a], [a, broken], [a, join(folder, 'absent.json')], [a, other], [a, a, '--treshold=1']]) {
      const { status, stderr } = compare(...args);
      expect(status).toBe(2);
      expect(stderr).not.toMatch(/\n\s+at /);
      expect(stderr).not.toBe('');
    }
  });
});
