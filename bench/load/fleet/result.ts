/** What `bench:fleet` leaves behind: rows like those of the other benchmarks, and the machine on which they were measured. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from '../../report/cli.ts';
import { describeMachine } from '../../report/machine.ts';
import type { BenchResult, Row } from '../../report/result.ts';

export type FleetResult = Omit<BenchResult, 'bench'> & { readonly bench: 'fleet' };

export function fleetResult(startedAt: Date, settings: FleetResult['settings'], rows: Row[]): FleetResult {
  const { commit, ...machine } = describeMachine();
  return { schema: 1, bench: 'fleet', startedAt: startedAt.toISOString(), commit, machine, settings, rows };
}

export const publishedPath = join(root, 'docs/benchmarks/fleet.json');

export function defaultPath(startedAt: Date): string {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  return join(root, 'bench/results', `fleet-${time}.json`);
}

export function writeFleetResult(result: FleetResult, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(result, null, 2)}\n`);
}

export function readFleetResult(path: string): FleetResult {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<FleetResult> | null;
  if (value?.schema !== 1 || value.bench !== 'fleet') throw new Error(`${path}: not a result of bench:fleet`);
  return value as FleetResult;
}
