/** The rules that are ours: where imports may point, how long files may be, that all a user meets is documented. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { errorCodes } from '../src/base/errors.ts';
import { sharedMemory } from '../src/cli/doctor-checks.ts';
import { readConfig } from '../src/config/config.ts';
import { serveSettings } from '../src/config/serve-settings.ts';
import { environmentName, flagName } from '../src/config/setting.ts';
import { ringBytes, ringSlotCount } from '../src/memory/sizes.ts';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(root, folder, name));
}

/** What a file imports of ours, as paths. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return Array.from(text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g), ([, path]) => resolve(dirname(file), path!));
}

/** The stages in the direction in which data flows; a file may import its own stage and those after it. */
const stages = [
  ['main.ts'],
  ['cli'],
  ['conformance'],
  ['processes'],
  ['gateway', 'simulator'],
  ['admin'],
  ['console'],
  ['metrics'],
  ['socket'],
  ['stream'],
  ['lane', 'capture'],
  ['decoder', 'sink', 'reader'],
  ['playback'],
  ['ring', 'protocol', 'thread'],
  ['memory'],
  ['config'],
  ['base'],
];

function stageOf(file: string): string {
  return relative(src, file).split('/')[0]!;
}

function rankOf(stage: string): number {
  return stages.findIndex((names) => names.includes(stage));
}

test('imports point in the direction in which data flows', () => {
  const wrong: string[] = [];
  for (const file of sources('src')) {
    const from = stageOf(file);
    if (from === 'index.ts' || from === 'testing.ts') continue;
    expect(rankOf(from), `${from} has no place among the stages`).toBeGreaterThanOrEqual(0);
    for (const imported of importsOf(file)) {
      const to = stageOf(imported);
      const isSideways = from !== to && rankOf(from) === rankOf(to);
      if (rankOf(to) < rankOf(from) || isSideways)
        wrong.push(`${relative(root, file)} imports ${relative(root, imported)}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('an offset in shared memory becomes an index in memory/ alone', () => {
  const wrong = [...sources('src'), ...sources('bench')]
    .filter((file) => !file.startsWith(join(src, 'memory/')))
    .filter((file) => importsOf(file).includes(join(src, 'memory/layout.ts')))
    .map((file) => relative(root, file));
  expect(wrong).toEqual([]);
});

test('each foreign library enters through the one file or folder that owns it', () => {
  const owners: Record<string, RegExp> = {
    'uWebSockets.js': /^src\/socket\/uws(-binary)?\.ts$/,
    piscina: /^src\/decoder\/decode-worker\.ts$/,
    'prom-client': /^src\/metrics\//,
    pino: /^src\/base\/log\.ts$/,
    zod: /^src\/config\/setting\.ts$/,
    ws: /^src\/(simulator|conformance)\/|^src\/console\/sockets\.ts$/,
    '@nats-io/transport-node': /^src\/sink\/nats\/nats-(connection|link|inbox)\.ts$/,
    '@nats-io/jetstream': /^src\/sink\/nats\/nats-link\.ts$/,
  };
  for (const file of sources('src')) {
    const text = readFileSync(file, 'utf8');
    for (const [name, owner] of Object.entries(owners)) {
      if (!new RegExp(`(from|import\\()\\s*'${name}'`).test(text)) continue;
      expect(relative(root, file), `${name} belongs to ${owner}`).toMatch(owner);
    }
  }
});

test('files stay short enough to be read at once', () => {
  // Allowed beyond 250 lines, each for a reason.
  const long = new Set([
    'src/memory/layout.ts',
    'src/socket/front-end.ts',
    'src/stream/registry.ts',
    'src/gateway/gateway.ts',
  ]);
  const tooLong = [...sources('src'), ...sources('bench'), ...sources('grafana')]
    .filter((file) => readFileSync(file, 'utf8').split('\n').length > (long.has(relative(root, file)) ? 300 : 250))
    .map((file) => relative(root, file));
  expect(tooLong).toEqual([]);
});

test('every source file opens with what it is responsible for', () => {
  const silent = [...sources('src'), ...sources('bench'), ...sources('grafana')]
    .filter((file) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(file, 'utf8')))
    .map((file) => relative(root, file));
  expect(silent).toEqual([]);
});

test('every setting is documented, with its variable, its key, its default and its range', () => {
  const page = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  const row = /^\| (`--.*?) \| (`.*?) \| (`.*?) \| (.*?) \|(.*?)\|$/gm;
  const documented = new Map<string, readonly string[]>();
  for (const [, flags, variables, keys, fallback, range] of page.matchAll(row)) {
    const [flag, variable, key] = [flags!, variables!, keys!].map((cell) => cell.replaceAll('`', '').split(', '));
    flag!.forEach((name, i) => void documented.set(name, [variable![i]!, key![i]!, fallback!, range!.trim()]));
  }
  for (const [key, { fallback, expects }] of Object.entries(serveSettings)) {
    const cells = documented.get(flagName(key));
    expect(cells?.slice(0, 2), key).toEqual([environmentName('', key), key]);
    const [shownFallback, range] = cells!.slice(2);
    // Where it says what the default amounts to, or that there is none, it is for people.
    if (typeof fallback === 'number' && /^\d+$/.test(shownFallback!)) expect(shownFallback, key).toBe(String(fallback));
    if (typeof fallback === 'string' && /^`[^`]+`$/.test(shownFallback!))
      expect(shownFallback, key).toBe(`\`${fallback}\``);
    const numbers = /^an? \w+ from (\d+ to \d+)$/.exec(expects)?.[1];
    if (numbers !== undefined) expect(range, key).toBe(numbers);
    const choices = /^one of (.*)$/.exec(expects)?.[1]?.split(', ');
    if (choices !== undefined) expect(range, key).toBe(choices.map((choice) => `\`${choice}\``).join(', '));
  }
});

test('every error code is documented', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  expect(Object.keys(errorCodes).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});

test('the tree of docs/ARCHITECTURE.md is the order of imports, and the page is short', () => {
  const page = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
  const rows = /^```\n(main\.ts[\s\S]*?)^```/m.exec(page)![1]!.trim().split('\n');
  const names = rows.map((row) => row.split(/ {3,}/)[0]!.replaceAll('/', '').split(/ +/));
  expect(names).toEqual(stages);
  expect(page.trimEnd().split('\n').length).toBeLessThanOrEqual(300);
});

test('the documentation says what the history of a participant costs', () => {
  const text = readFileSync(join(root, 'docs/settings.md'), 'utf8');
  const rows = Array.from(text.matchAll(/^\| (?:1 or )?(\d+) \| ([\d,]+) \| ([\d,]+) \|$/gm));
  expect(rows.length).toBeGreaterThan(3);
  for (const [row, seconds, bytes, participants] of rows) {
    const cost = ringBytes(ringSlotCount(Number(seconds)));
    const most = Math.floor(2 ** 30 / cost);
    expect([bytes, participants], row).toEqual([cost.toLocaleString('en-US'), most.toLocaleString('en-US')]);
  }
});

test('the documentation says what fits into a container', () => {
  const text = readFileSync(join(root, 'docs/containers.md'), 'utf8');
  const rows = Array.from(text.matchAll(/^\| (\d+) ([MG])iB \| (\d+) \| ([\d,]+) \| ([\d,]+) \|$/gm));
  expect(rows.length).toBeGreaterThan(3);
  for (const [row, size, unit, workers, shownMb, participants] of rows) {
    const limitBytes = Number(size) * (unit === 'G' ? 2 ** 30 : 2 ** 20);
    const ringMemoryMb = Number(shownMb!.replaceAll(',', ''));
    const fits = (mb: number): boolean => {
      const config = readConfig({ argv: [], values: { workers: Number(workers), ringMemoryMb: mb } });
      return sharedMemory(config, limitBytes).verdict === 'ok';
    };
    expect([fits(ringMemoryMb), fits(ringMemoryMb + 1)], row).toEqual([true, false]);
    const most = Math.floor((ringMemoryMb * 2 ** 20) / ringBytes(ringSlotCount(2)));
    expect(participants, row).toBe(most.toLocaleString('en-US'));
  }
});
