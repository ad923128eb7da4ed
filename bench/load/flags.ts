/** The flags of the benchmarks that put the gateway under load, read with the ones that every benchmark has. */
import { parseArgs } from 'node:util';
import {
  BadInput,
  type BenchFlags,
  benchOptions,
  type ParsedBenchFlags,
  parseFlags,
  withDefaults,
} from '../report/cli.ts';
import type { BenchName } from '../report/result.ts';

export type FlagValues = Readonly<Record<string, string | string[] | undefined>>;

export interface FlagsSpec {
  readonly bench: BenchName;
  readonly usage: string;
  /** Flags with a value; `multiple` ones may be given several times. */
  readonly flags: Readonly<Record<string, { readonly multiple?: boolean }>>;
  /** Flags without a value, known and of no further use here. */
  readonly switches?: readonly string[];
}

export interface Flags extends BenchFlags {
  readonly values: FlagValues;
}

/** Throws `BadInput`. */
export function readFlags(spec: FlagsSpec, argv: readonly string[], startedAt: Date): Flags {
  const { bench, usage, flags, switches = [] } = spec;
  const own = Object.entries(flags).map(
    ([name, { multiple = false }]) => [name, { type: 'string' as const, multiple }] as const,
  );
  const silent = switches.map((name) => [name, { type: 'boolean' as const }] as const);
  const options = { ...Object.fromEntries(own), ...Object.fromEntries(silent), ...benchOptions };
  const { json, smoke, ...values } = parseFlags(() => parseArgs({ args: [...argv], options }).values, usage);
  return { ...withDefaults(bench, { json, smoke } as ParsedBenchFlags, startedAt), values: values as FlagValues };
}

/** A positive number, or the default when the flag was not given. */
export function numberFlag(values: FlagValues, name: string, fallback: number): number {
  const text = values[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value > 0)) throw new BadInput(`--${name}: ${JSON.stringify(text)}: expected a number above 0`);
  return value;
}

/** Positive whole numbers, separated by commas. */
export function integersFlag(values: FlagValues, name: string, fallback: readonly number[]): readonly number[] {
  const text = values[name];
  if (typeof text !== 'string') return fallback;
  const numbers = text.split(',').map(Number);
  if (numbers.every((value) => Number.isInteger(value) && value > 0)) return numbers;
  throw new BadInput(`--${name}: ${JSON.stringify(text)}: expected whole numbers above 0, separated by commas`);
}

export function integerFlag(values: FlagValues, name: string, fallback: number): number {
  return integersFlag(values, name, [fallback])[0]!;
}

/** 0 and up. */
export function participantsFlag(values: FlagValues): number {
  const text = values['participants'];
  if (text === undefined) return 1;
  if (/^\d+$/.test(String(text)) && Number(text) <= 256) return Number(text);
  throw new BadInput(`--participants: ${JSON.stringify(text)}: expected 0 (mixed) to 256`);
}

export function sampleRateFlag(values: FlagValues): number {
  const rate = integerFlag(values, 'sample-rate', 16_000);
  if (rate === 16_000 || rate === 24_000) return rate;
  throw new BadInput(`--sample-rate: ${rate}: expected 16000 or 24000`);
}
