/** The micro benchmarks run, and every step does what it is measured for; what they measure here means nothing. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../bench/report/cli.ts';
import { type BenchResult, readResult } from '../../bench/report/result.ts';
import { has } from '../support/machine.ts';

const folder = mkdtempSync(join(tmpdir(), 'acs-bench-'));
const file = join(folder, 'micro.json');
let stdout: string;
let written: BenchResult;

function bench(...args: string[]) {
  const command = ['--disable-warning=ExperimentalWarning', join(root, 'bench/micro/main.ts'), ...args];
  return spawnSync(process.execPath, command, { encoding: 'utf8', timeout: 110_000 });
}

beforeAll(() => {
  const run = bench('--smoke', '--json', file);
  expect(run.status, run.stderr).toBe(0);
  stdout = run.stdout;
  written = readResult(file);
});
afterAll(() => rmSync(folder, { recursive: true }));

test('every step of a frame has a row for each sample rate, under the name that it keeps', () => {
  const steps = [
    'lane push, aligned source',
    'lane push, unaligned source',
    'parse, decoder scan',
    ...(has('simdjson addon') ? ['parse, decoder simdjson'] : []),
    'parse, decoder json',
    "JSON.parse(utf8) + Buffer.from(data, 'base64')",
    'JSON.parse(latin1) + base64 into shared memory',
    'decode step: scan + base64 into the ring',
    'base64 alone into shared memory',
    'FrameDecoder, batches of 100, 1,000 streams',
    'FrameDecoder, batches of 100, one hot stream',
    'ring write',
    'ring read',
  ];
  expect(written.rows.map(({ name }) => name)).toEqual([
    ...steps.map((step) => `16 kHz · ${step}`),
    ...steps.map((step) => `24 kHz · ${step}`),
    'scrape · 5,000 participants',
  ]);
});

test('every row has a time with a sample of each repetition', () => {
  for (const { name, measures } of written.rows) {
    const time = measures['time per frame'] ?? measures['time per scrape'];
    expect(time?.samples, name).toHaveLength(2);
    expect(time?.median, name).toBeGreaterThan(0);
  }
  expect(written.settings).toMatchObject({ smoke: true, repetitions: 2 });
});

test('the decode step is shown in proportion to JSON.parse', () => {
  const column = 'by JSON.parse(latin1) + base64';
  const ratio = (step: string) => written.rows.find(({ name }) => name === `16 kHz · ${step}`)!.measures[column];
  expect(ratio('JSON.parse(latin1) + base64 into shared memory')!.median).toBe(1);
  expect(ratio('decode step: scan + base64 into the ring')!.median).toBeGreaterThan(0);
  expect(ratio('ring write')).toBeUndefined();
  expect(stdout).toMatch(/16 kHz: decode step .*, target 0\.45/);
});

test('an unknown flag ends it with 2 and the usage', () => {
  const { status, stderr } = bench('--smok');
  expect(status).toBe(2);
  expect(stderr).toContain('usage: npm run bench -- [--json FILE] [--smoke]');
});
