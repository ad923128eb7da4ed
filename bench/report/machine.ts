/** The machine on which a benchmark ran, as far as its figures depend on it. Nothing that names it or its owner. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
}

function git(...words: string[]): string {
  return execFileSync('git', words, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** The commit that is checked out, a `+` behind it when there are changes; null outside of a repository. */
function currentCommit(): string | null {
  try {
    return git('rev-parse', '--short=12', 'HEAD').trim() + (git('status', '--porcelain').trim() === '' ? '' : '+');
  } catch {
    return null;
  }
}

export function describeMachine(): Machine & { readonly commit: string | null } {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    commit: currentCommit(),
  };
}
