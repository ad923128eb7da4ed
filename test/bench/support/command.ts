/** Runs a benchmark the way a user does, as a command in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type BenchResult, readResult } from '../../../bench/report/result.ts';
import { nodeOptions } from '../../support/node-options.ts';

const root = resolve(import.meta.dirname, '../../..');

export function startBench(name: string, ...flags: readonly string[]): ChildProcess {
  const file = join(root, 'bench', name, 'main.ts');
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file, ...flags], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: nodeOptions() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export interface BenchRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function runBench(name: string, ...flags: readonly string[]): Promise<BenchRun> {
  const child = startBench(name, ...flags);
  let stdout = '';
  let stderr = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Runs its smoke size, which must succeed, and returns the result that it wrote. */
export async function smoke(name: string): Promise<BenchResult & { readonly stdout: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-smoke-'));
  try {
    const json = join(folder, 'result.json');
    const { code, stdout, stderr } = await runBench(name, '--smoke', '--json', json);
    if (code !== 0) throw new Error(`bench:${name} ended with ${code}\n${stderr}`);
    return { ...readResult(json), stdout };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
