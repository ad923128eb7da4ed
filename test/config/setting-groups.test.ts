/** The help of `serve` is in the groups and the order of docs/settings.md. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configure } from '../../src/cli/configuration.ts';
import { serveUsage } from '../../src/cli/usage.ts';
import { flagName } from '../../src/config/setting.ts';
import { serveGroups } from '../../src/config/setting-groups.ts';

const page = readFileSync(new URL('../../docs/settings.md', import.meta.url), 'utf8');

/** Headings of the page below which flags are listed, each with them. */
function documentedGroups(): [string, string[]][] {
  const groups = page
    .split(/^## /m)
    .slice(1)
    .map((section): [string, string[]] => {
      const rows = section.split('\n').filter((line) => line.startsWith('| `--'));
      const flags = rows.flatMap((row) => row.split('|')[1]!.match(/--[a-z-]+/g)!);
      return [section.split('\n')[0]!, [...new Set(flags)].filter((flag) => flag !== '--config')];
    });
  return groups.filter(([, flags]) => flags.length > 0);
}

it('has the groups of the page, with the same flags in the same order', () => {
  const groups = Object.entries(serveGroups).map(([title, keys]) => [title, keys.map(flagName)]);
  expect(groups).toEqual(documentedGroups());
});

it('shows them as headings, in that order', () => {
  const headings = [...serveUsage.matchAll(/^([A-Z].*):$/gm)].map(([, title]) => title);
  expect(headings).toEqual([...Object.keys(serveGroups), 'Examples']);
});

it('has three examples, each of which is a configuration', () => {
  const lines = serveUsage.split('Examples:\n')[1]!.trim().split('\n');
  expect(lines.length).toBe(3);
  for (const line of lines) {
    const argv = line
      .trim()
      .split(' ')
      .slice(1)
      .map((word) => word.replaceAll("'", ''));
    expect(() => configure(argv, {}), line).not.toThrow();
  }
});
