/**
 * What the commands of the benchmarks have in common: their flags, where a result goes, and how they fail: one line and an
 * exit code, never a stack for what the user can mend.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchName, BenchResult } from './result.ts';

export const root = resolve(import.meta.dirname, '../..');

export const exitCode = { ok: 0, slower: 1, badInput: 2 } as const;

/** Something that the user can mend; the message says how. */
export class BadInput extends Error {}

export interface BenchFlags {
  /** Where the result goes. */
  readonly json: string;
  /** A run that only shows that the benchmark works; its figures mean nothing. */
  readonly smoke: boolean;
}

export interface ParsedBenchFlags {
  readonly json?: string | undefined;
  readonly smoke: boolean;
}

export const benchOptions = { json: { type: 'string' }, smoke: { type: 'boolean', default: false } } as const;

/** As a user types it. */
export function commandOf(bench: BenchName): string {
  if (bench === 'micro') return 'npm run bench';
  return bench === 'tls' ? 'npm run bench:load -- --tls' : `npm run bench:${bench}`;
}

/** The flags that every benchmark has. Throws `BadInput` on any other. */
export function benchFlags(bench: BenchName, argv: readonly string[], startedAt: Date): BenchFlags {
  const usage = `usage: ${commandOf(bench)} -- [--json FILE] [--smoke]`;
  return withDefaults(
    bench,
    parseFlags(() => parseArgs({ args: [...argv], options: benchOptions }).values, usage),
    startedAt,
  );
}

/** The same flags once they are parsed, among others perhaps. */
export function withDefaults(bench: BenchName, { json, smoke }: ParsedBenchFlags, startedAt: Date): BenchFlags {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  return { json: resolve(json ?? join(root, 'bench/results', `${bench}-${time}.json`)), smoke };
}

/** Somebody asked what there is. */
class Help extends Error {}

/** Runs a parser of flags; what it complains about becomes a `BadInput` with the usage behind it. */
export function parseFlags<T>(parse: () => T, usage: string): T {
  if (process.argv.includes('--help')) throw new Help(usage);
  try {
    return parse();
  } catch (error) {
    throw new BadInput(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

export function writeResult(result: BenchResult, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

/** Runs a command and sets the exit code that it returns. */
export async function runMain(main: () => number | Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (error instanceof Help) {
      console.log(error.message);
      return;
    }
    if (!(error instanceof BadInput)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = exitCode.badInput;
  }
}
