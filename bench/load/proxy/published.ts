/** The published configuration of a proxy, and what a benchmark changes in it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../report/cli.ts';

/** Throws when the file has lost a line that is to be changed. */
export function replaced(text: string, pattern: RegExp, by: string): string {
  if (!pattern.test(text))
    throw new Error(`the published configuration has no line ${pattern}: the benchmark wants it`);
  return text.replace(pattern, by);
}

/** @param path in deploy/ */
export function publishedConfiguration(path: string): string {
  return readFileSync(join(root, 'deploy', path), 'utf8');
}

/** What all proxies are started with. */
export interface ProxyOptions {
  /** Of the gateways behind it. */
  readonly ports: readonly number[];
  readonly streamsMost: number;
  readonly isTls: boolean;
  /** One thread, or worker process, instead of one for each core. */
  readonly isSingle?: boolean;
}
