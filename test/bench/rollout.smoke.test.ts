/** The command `bench:rollout` in its smallest size, and the page that shows its published result. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BadInput, root } from '../../bench/report/cli.ts';
import { fillPage, picturesOf, tablesOf } from '../../bench/rollout/page.ts';
import { readRolloutResult } from '../../bench/rollout/result.ts';
import { runBench } from './support/command.ts';

test('every table and every picture is made, and twice the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollout-'));
  try {
    const results = await Promise.all(
      ['a', 'b'].map(async (name) => {
        const json = join(folder, `${name}.json`);
        const { code, stderr } = await runBench('rollout', '--smoke', '--json', json, '--images', join(folder, name));
        expect(code, stderr).toBe(0);
        return readRolloutResult(json);
      }),
    );
    const [result, again] = results;
    expect(again).toEqual(result);
    expect(result!.sheets.map(({ name }) => name)).toEqual([
      'rollout-cuts',
      'rollout-cost',
      'rollout-scale-out',
      'rollout-ramp',
      'rollout-day',
    ]);
    for (const { name, rows } of result!.sheets) expect(rows.length, name).toBeGreaterThan(0);
    const pictures = result!.pictures.map(({ name }) => `${name}.svg`);
    expect(readdirSync(join(folder, 'a')).toSorted()).toEqual(pictures.toSorted());
    for (const name of pictures)
      expect(readFileSync(join(folder, 'a', name), 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a smoke run is not published, and an unknown flag is refused', async () => {
  expect(await runBench('rollout', '--smoke', '--publish')).toMatchObject({ code: 2 });
  expect(await runBench('rollout', '--nothing')).toMatchObject({ code: 2 });
});

test('docs/scaling.md and its pictures are up to date with the published result', () => {
  const result = readRolloutResult(join(root, 'docs/benchmarks/rollout.json'));
  expect(result.settings['smoke']).toBe(false);
  const page = readFileSync(join(root, 'docs/scaling.md'), 'utf8');
  expect(fillPage(page, tablesOf(result)), 'run npm run bench:rollout -- --publish').toBe(page);
  for (const [name, svg] of picturesOf(result)) {
    expect(readFileSync(join(root, 'docs/images', name), 'utf8'), name).toBe(svg);
    expect(page).toContain(`](images/${name})`);
  }
});

test('a page without a place for a table is refused', () => {
  expect(() => fillPage('<!-- begin:a -->', new Map([['a', 'x']]))).toThrow(BadInput);
  expect(() => fillPage('nothing', new Map([['a', 'x']]))).toThrow('no place for a');
  expect(fillPage('1<!-- begin:a -->old<!-- end:a -->2', new Map([['a', 'x']]))).toBe(
    '1<!-- begin:a -->\n\nx\n\n<!-- end:a -->2',
  );
});
