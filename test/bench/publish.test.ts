/** The page that shows the published results: what is generated, where it goes, and that it is up to date. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { BadInput, root } from '../../bench/report/cli.ts';
import { pagePath, publishedResults, render, resultsFolder } from '../../bench/report/publish.ts';
import { measure } from '../../bench/report/result.ts';
import { sectionsOf } from '../../bench/report/sections.ts';
import { cpu, resultOf, row } from './results.ts';

describe('a section', () => {
  test('is a group of rows, with the labels behind the group', () => {
    const sections = sectionsOf(
      resultOf([row('50,000 frames/s · bare', cpu(2)), row('50,000 frames/s · ours', cpu(3))]),
    );
    expect(sections.map(({ name, group }) => ({ name, group }))).toEqual([
      { name: 'load-50000-frames-s', group: '50,000 frames/s' },
    ]);
    expect(sections[0]!.table).toContain('| bare | 2 |');
    expect(sections[0]!.chart).toContain('>bare<');
  });

  test('shows the first measure that can be better, with user and system as its parts', () => {
    const measures = (user: number, system: number) => ({
      load: measure('frames/s', 'neither', [1]),
      CPU: measure('µs', 'lower', [user + system]),
      user: measure('µs', 'lower', [user]),
      system: measure('µs', 'lower', [system]),
    });
    const [section] = sectionsOf(resultOf([row('a', measures(1, 2)), row('b', measures(3, 4))]));
    expect(section!.chart).toContain('CPU, µs');
    expect(section!.chart).toContain('>system<');
  });

  test('whose rows are labelled by numbers is a line', () => {
    const rows = [100, 5000].map((streams) => row(`streams · ${streams.toLocaleString('en-US')} streams`, cpu(3, 4)));
    const [section] = sectionsOf(resultOf(rows, 'scaling'));
    expect(section!.chart).toContain('<polyline');
    expect(section!.chart).toContain('>5,000<');
  });

  test('puts columns that do not fit beside each other into a second table', () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, measure('', 'lower', [i])]));
    const [section] = sectionsOf(resultOf([row('a', many, ['noted']), row('b', many)]));
    expect(section!.table.split('\n').filter((line) => line.startsWith('| | '))).toEqual([
      '| | c0 | c1 | c2 | c3 | c4 | c5 | c6 | c7 | c8 | c9 |',
      '| | c10 | c11 |',
    ]);
    expect(section!.table.match(/noted/g)).toHaveLength(1);
  });

  test('leaves columns of detail to the published file', () => {
    const cells = { time: measure('', 'lower', [1]), 'longest GC pause': measure('', 'lower', [2]) };
    expect(sectionsOf(resultOf([row('a', cells)]))[0]!.table).not.toContain('GC');
  });
});

describe('publishing', () => {
  const rows = [row('fast · a', cpu(1)), row('fast · b', cpu(2)), row('slow · a', cpu(3)), row('slow · b', cpu(4))];

  test('replaces what stands between the markers, and nothing else', () => {
    const page = 'before\n<!-- begin:load -->\nold\n<!-- end:load -->\nafter\n';
    const { page: filled, charts } = render(page, [resultOf(rows)]);
    expect(filled.startsWith('before\n<!-- begin:load -->\n')).toBe(true);
    expect(filled.endsWith('\n<!-- end:load -->\nafter\n')).toBe(true);
    expect(filled).not.toContain('old');
    expect(filled).toContain('### slow\n\n![slow](benchmarks/load-slow.svg)');
    expect([...charts.keys()]).toEqual(['load-fast.svg', 'load-slow.svg']);
    expect(render(filled, [resultOf(rows)]).page).toBe(filled);
  });

  test('puts a group that has a place of its own there, and only there', () => {
    const page = '<!-- begin:load-slow --><!-- end:load-slow -->\n<!-- begin:load --><!-- end:load -->\n';
    const { page: filled } = render(page, [resultOf(rows)]);
    expect(filled.match(/load-slow\.svg/g)).toHaveLength(1);
    expect(filled.indexOf('load-slow.svg')).toBeLessThan(filled.indexOf('load-fast.svg'));
  });

  test('tells the facts about the run', () => {
    const { page } = render('<!-- begin:load --><!-- end:load --><!-- begin:load-run --><!-- end:load-run -->', [
      resultOf(rows),
    ]);
    expect(page).toMatch(/`npm run bench:load` on .* Node\.js \d+.*1970-01-01\. Settings: repetitions 3\./);
  });

  test('refuses a page on which a group has no place, or a marker no end', () => {
    expect(() => render('nothing', [resultOf(rows)])).toThrow(BadInput);
    expect(() => render('<!-- begin:load -->', [resultOf(rows)])).toThrow(BadInput);
  });

  test('refuses a smoke run', () => {
    const smoke = { ...resultOf(rows), settings: { smoke: true } };
    expect(() => render('<!-- begin:load --><!-- end:load -->', [smoke])).toThrow('smoke');
  });

  test('docs/performance.md and its charts are up to date with the published results', () => {
    const results = publishedResults();
    const page = readFileSync(pagePath, 'utf8');
    const published = render(page, results);
    expect(page, 'run npm run bench:report').toBe(published.page);
    const drawn = readdirSync(resultsFolder).filter((name) => name.endsWith('.svg'));
    expect(drawn.toSorted()).toEqual([...published.charts.keys()].toSorted());
    for (const [name, text] of published.charts) expect(readFileSync(join(resultsFolder, name), 'utf8')).toBe(text);
  });

  test('every command of the suite is a script of the package', () => {
    const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts);
    expect(scripts).toEqual(expect.arrayContaining(['bench', 'bench:compare', 'bench:report']));
  });
});
