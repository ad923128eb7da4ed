/** `bench:load --tls` in its smallest size: every way of TLS is measured, and nothing gets lost on any. */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type BenchResult, readResult } from '../../bench/report/result.ts';
import { needs } from '../support/needs.ts';
import { runBench, startBench } from './support/command.ts';

async function smoke(...flags: readonly string[]): Promise<BenchResult & { readonly stderr: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-smoke-'));
  try {
    const json = join(folder, 'result.json');
    const { code, stderr } = await runBench('load', '--tls', '--smoke', '--json', json, ...flags);
    expect(code, stderr).toBe(0);
    return { ...readResult(json), stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const labels = [
  'gateway in the clear',
  'gateway with its own TLS',
  'HAProxy with TLS, gateway behind it',
  'HAProxy with TLS and one thread, gateway behind it',
  'nginx with TLS, gateway behind it',
  'nginx with TLS and one worker, gateway behind it',
  'bare uWebSockets.js',
  'bare uWebSockets.js with TLS',
  "ws on https + StreamingData.parse (Microsoft's sample)",
];

test('every row is measured, with its proxy, its handshakes and its memory', needs('haproxy', 'nginx'), async () => {
  const { bench, rows, settings } = await smoke();
  expect(bench).toBe('tls');
  expect(settings).toMatchObject({ haproxy: expect.stringMatching(/^\d/), nginx: expect.stringMatching(/^\d/) });
  expect(rows.map(({ name }) => name)).toEqual([
    ...labels.map((label) => `500 frames/s · ${label}`),
    ...labels.map((label) => `Connections · ${label}`),
  ]);
  for (const { name, measures, remarks } of rows) {
    const isSecure = name.includes('TLS') || name.includes('https');
    expect(remarks.filter((remark) => remark.includes('match'))).toEqual([]);
    expect(
      remarks.some((remark) => remark.startsWith('TLS_AES_')),
      name,
    ).toBe(isSecure);
    expect('proxy' in measures, name).toBe(name.includes('behind'));
    if (name.startsWith('Connections')) {
      expect(measures['CPU']!.median, name).toBeGreaterThan(0);
      expect(measures, name).toHaveProperty('memory');
      expect(measures['resumed']?.median ?? null, name).toBe(isSecure ? 100 : null);
    } else {
      expect(measures['drops']!.median, name).toBe(0);
    }
  }
});

test('a row whose program is missing is left out by its name, and the others are measured', async () => {
  vi.stubEnv('PATH', '/nonexistent');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { rows, stderr } = await smoke('--rows', 'haproxy,bare-tls');
  expect(stderr).toContain('left out: HAProxy with TLS, gateway behind it: haproxy is missing');
  expect(rows.map(({ name }) => name)).toEqual([
    '500 frames/s · bare uWebSockets.js with TLS',
    'Connections · bare uWebSockets.js with TLS',
  ]);
});

test('a row that does not exist is refused', async () => {
  const { code, stderr } = await runBench('load', '--tls', '--rows', 'nothing');
  expect(code).toBe(2);
  expect(stderr).toContain('no row "nothing"');
});

test('SIGINT leaves no process behind, and no worker of nginx', needs('nginx', 'linux'), async () => {
  const bench = startBench('load', '--tls', '--smoke', '--rows', 'nginx', '--seconds', '20');
  const childrenOf = (pid: number): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const isThere = (pid: number): boolean => existsSync(`/proc/${pid}/exe`);
  // The gateway, nginx and the generator.
  await expect.poll(() => childrenOf(bench.pid!).length, { timeout: 60_000 }).toBe(3);
  const children = childrenOf(bench.pid!);
  const workers = children.filter(isThere).flatMap(childrenOf);
  expect(workers.length).toBeGreaterThan(0);
  bench.kill('SIGINT');
  const [code] = (await once(bench, 'close')) as [number | null];
  expect(code).toBe(130);
  await expect.poll(() => [...children, ...workers].filter(isThere), { timeout: 60_000 }).toEqual([]);
});
