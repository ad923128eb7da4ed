/**
 * Typed settings: one schema read from the command line over the environment over a JSON file over defaults. Pure: the
 * sources are arguments. All errors are collected and reported in one go, each by name with the value and what was
 * expected; an unknown flag or key is an error.
 */
import { z } from 'zod';
import { GatewayError } from '../base/errors.ts';
import { suggestion } from './nearest.ts';

export interface Setting<T> {
  readonly schema: z.ZodType<T>;
  readonly fallback: T;
  readonly help: string;
  /** What is expected, as the end of a sentence: "an integer from 0 to 65535". */
  readonly expects: string;
  /** How the value is called in the usage text; null for a flag without a value. */
  readonly placeholder: string | null;
  readonly repeatable: boolean;
  /** How an item of a repeatable one begins, if it may have commas in it. */
  readonly itemStart: RegExp | null;
  /** How the default is shown; null when there is nothing to show. */
  readonly shownFallback: string | null;
  /** Redacted in every message: the value is a credential. */
  readonly secret: boolean;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;
export type Values<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export interface SettingSources {
  /** The arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** With a prefix such as `ACS_GATEWAY_` the environment is read: `ACS_GATEWAY_RING_SECONDS`. */
  readonly envPrefix?: string;
  /** Reads the file that `--config` names. Without it there is no `--config`. */
  readonly readFile?: (path: string) => string;
  /** By key, as in the file. They count less than the others. */
  readonly values?: Readonly<Record<string, unknown>>;
}

interface Common {
  readonly help: string;
  readonly placeholder?: string;
}

type Text = Common & { readonly secret?: boolean; readonly itemStart?: RegExp };

function make<T>(
  schema: z.ZodType<T>,
  fallback: T,
  expects: string,
  placeholder: string | null,
  common: Text,
  repeatable = false,
): Setting<T> {
  return {
    schema,
    fallback,
    expects,
    placeholder: placeholder === null ? null : (common.placeholder ?? placeholder),
    help: common.help,
    repeatable,
    itemStart: common.itemStart ?? null,
    shownFallback: fallback === null || fallback === false || Array.isArray(fallback) ? null : String(fallback),
    secret: common.secret ?? false,
  };
}

const numeric = z.preprocess(
  (value) => (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value),
  z.number(),
);

const durationUnitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The kinds of setting. */
export const setting = {
  integer(options: Common & { fallback: number; min: number; max: number }): Setting<number> {
    const { min, max } = options;
    const schema = numeric.pipe(z.number().int().min(min).max(max));
    return make(schema, options.fallback, `an integer from ${min} to ${max}`, 'N', options);
  },
  number(options: Common & { fallback: number; min: number; max: number }): Setting<number> {
    const { min, max } = options;
    const schema = numeric.pipe(z.number().min(min).max(max));
    return make(schema, options.fallback, `a number from ${min} to ${max}`, 'N', options);
  },
  /** A share from 0 to 1. */
  ratio(options: Common & { fallback: number }): Setting<number> {
    return make(numeric.pipe(z.number().min(0).max(1)), options.fallback, 'a number from 0 to 1', 'RATIO', options);
  },
  /** `500ms`, `10s`, `5m`, `1h`; the value is in milliseconds. */
  duration(options: Common & { fallbackMs: number; minMs: number; maxMs: number }): Setting<number> {
    const schema = z
      .string()
      .regex(/^\d+(\.\d+)?(ms|s|m|h)$/)
      .transform((text) => Number.parseFloat(text) * (durationUnitMs[text.replace(/[\d.]/g, '')] ?? Number.NaN))
      .pipe(z.number().min(options.minMs).max(options.maxMs));
    const expects = `a duration such as 500ms, 10s, 5m or 1h, from ${options.minMs} ms to ${options.maxMs} ms`;
    const shownFallback = options.fallbackMs % 1000 === 0 ? `${options.fallbackMs / 1000}s` : `${options.fallbackMs}ms`;
    return { ...make(schema, options.fallbackMs, expects, 'TIME', options), shownFallback };
  },
  text<F extends string | null>(
    options: Text & { fallback: F; pattern?: RegExp; expects?: string },
  ): Setting<string | F> {
    const schema = z.string().regex(options.pattern ?? /^.+$/s) as unknown as z.ZodType<string | F>;
    return make<string | F>(schema, options.fallback, options.expects ?? 'a text that is not empty', 'TEXT', options);
  },
  choice<const C extends readonly [string, ...string[]]>(
    options: Common & { choices: C; fallback: C[number] },
  ): Setting<C[number]> {
    const schema = z.enum([...options.choices] as [C[number], ...C[number][]]) as unknown as z.ZodType<C[number]>;
    return make(schema, options.fallback, `one of ${options.choices.join(', ')}`, options.choices.join('|'), options);
  },
  /** A switch: `--name` on the command line, true or false elsewhere. */
  flag(options: Common): Setting<boolean> {
    const schema = z.preprocess(
      (value) => (value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value),
      z.boolean(),
    );
    return make(schema, false, 'true or false', null, options);
  },
  /** May be given several times; comma-separated in the environment, an array in the file, where a text is a list of one. */
  list(options: Text & { pattern?: RegExp; expects?: string }): Setting<readonly string[]> {
    const items = z.array(z.string().regex(options.pattern ?? /^.+$/s));
    const schema = z.preprocess((value) => (typeof value === 'string' ? [value] : value), items);
    return make<readonly string[]>(schema, [], options.expects ?? 'a text that is not empty', 'TEXT', options, true);
  },
};

export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function environmentName(prefix: string, key: string): string {
  return prefix + flagName(key).slice(2).replaceAll('-', '_').toUpperCase();
}

/** What Kubernetes sets by itself in every pod beside a Service whose name happens to give our prefix. */
const serviceLink = /^(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_\d+_(TCP|UDP)(_.+)?)$/;

interface Given {
  readonly value: unknown;
  readonly source: string;
}

/** A value for a message: quoted, without control characters, bounded. */
function quote(value: unknown): string {
  // Nor with the user and password of an address.
  const text = (JSON.stringify(value) ?? String(value)).replace(/(:\/\/)[^/?#"\s]*@/g, '$1…@');
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function fromArguments(settings: Settings, argv: readonly string[], withFile: boolean, problems: string[]) {
  const given = new Map<string, Given>();
  const keyOfFlag = new Map(Object.keys(settings).map((key) => [flagName(key), key]));
  let file: string | null = null;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    const equals = argument.indexOf('=');
    const flag = argument.startsWith('--') && equals > 0 ? argument.slice(0, equals) : argument;
    const inline = flag === argument ? null : argument.slice(equals + 1);
    const key = keyOfFlag.get(flag);
    const isFile = withFile && flag === '--config';
    if (key === undefined && !isFile) {
      problems.push(`${quote(flag)}: unknown flag${suggestion(flag, keyOfFlag.keys())}`);
      // Its value, if it has one, is not a second mistake.
      if (inline === null && argv[i + 1] !== undefined && !argv[i + 1]!.startsWith('--')) i++;
      continue;
    }
    const described = isFile ? null : settings[key!]!;
    if (described !== null && described.placeholder === null) {
      given.set(key!, { value: inline ?? true, source: flag });
      continue;
    }
    const value = inline ?? argv[++i];
    if (value === undefined || (inline === null && value.startsWith('--'))) {
      problems.push(`${flag}: needs a value: expected ${described?.expects ?? 'the path of a JSON file'}`);
      if (value !== undefined) i--;
      continue;
    }
    if (isFile) file = value;
    else if (described!.repeatable) {
      const before = (given.get(key!)?.value as string[] | undefined) ?? [];
      given.set(key!, { value: [...before, value], source: flag });
    } else given.set(key!, { value, source: flag });
  }
  return { given, file };
}

/** A part that does not begin as an item does belongs to the one before. */
function itemsOf(text: string, itemStart: RegExp | null): string[] {
  const items: string[] = [];
  for (const part of text.split(',').map((each) => each.trim())) {
    if (items.length > 0 && itemStart !== null && !itemStart.test(part)) items.push(`${items.pop()},${part}`);
    else items.push(part);
  }
  return items;
}

function fromEnvironment(settings: Settings, sources: SettingSources, problems: string[]) {
  const given = new Map<string, Given>();
  let file: string | null = null;
  const prefix = sources.envPrefix;
  if (prefix === undefined || sources.env === undefined) return { given, file };
  const keyOfName = new Map(Object.keys(settings).map((key) => [environmentName(prefix, key), key]));
  for (const [name, value] of Object.entries(sources.env)) {
    if (!name.startsWith(prefix) || value === undefined) continue;
    const key = keyOfName.get(name);
    if (key !== undefined) {
      const { repeatable, itemStart } = settings[key]!;
      given.set(key, { value: repeatable ? itemsOf(value, itemStart) : value, source: name });
    } else if (name === `${prefix}CONFIG` && sources.readFile !== undefined) file = value;
    else if (!serviceLink.test(name.slice(prefix.length))) {
      problems.push(`${name}: unknown environment variable${suggestion(name, keyOfName.keys())}`);
    }
  }
  return { given, file };
}

function fromFile(settings: Settings, path: string, readFile: (path: string) => string, problems: string[]) {
  const given = new Map<string, Given>();
  let content: unknown;
  try {
    content = JSON.parse(readFile(path));
  } catch (error) {
    problems.push(`--config ${quote(path)}: ${error instanceof Error ? error.message : String(error)}`);
    return given;
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    problems.push(`--config ${quote(path)}: expected a JSON object`);
    return given;
  }
  return fromValues(settings, content as Readonly<Record<string, unknown>>, ` in ${path}`, problems);
}

function fromValues(
  settings: Settings,
  values: Readonly<Record<string, unknown>>,
  where: string,
  problems: string[],
): Map<string, Given> {
  const given = new Map<string, Given>();
  for (const [key, value] of Object.entries(values)) {
    if (Object.hasOwn(settings, key)) given.set(key, { value, source: `${key}${where}` });
    else problems.push(`${quote(key)}${where}: unknown key${suggestion(key, Object.keys(settings))}`);
  }
  return given;
}

export interface SettingsRead<S extends Settings> {
  /** Where a setting was bad, its default. */
  readonly values: Values<S>;
  /** `bad_settings` with one line per problem; null if there is none. */
  readonly error: GatewayError | null;
}

/**
 * Reads the settings from all sources. `check` looks at the whole and returns further problems: those between settings, with
 * the remedy.
 */
export function inspectSettings<S extends Settings>(
  settings: S,
  sources: SettingSources,
  check: (values: Values<S>) => readonly string[] = () => [],
): SettingsRead<S> {
  const problems: string[] = [];
  const line = fromArguments(settings, sources.argv, sources.readFile !== undefined, problems);
  const environment = fromEnvironment(settings, sources, problems);
  const path = line.file ?? environment.file;
  const file =
    path === null
      ? fromValues(settings, sources.values ?? {}, '', problems)
      : fromFile(settings, path, sources.readFile!, problems);

  const values: Record<string, unknown> = {};
  for (const [key, described] of Object.entries(settings)) {
    const given = line.given.get(key) ?? environment.given.get(key) ?? file.get(key);
    if (given === undefined) {
      values[key] = described.fallback;
      continue;
    }
    const result = described.schema.safeParse(given.value);
    values[key] = result.success ? result.data : described.fallback;
    if (!result.success) {
      const shown = described.secret ? 'the value given' : quote(given.value);
      problems.push(`${given.source}: ${shown}: expected ${described.expects}`);
    }
  }
  // Bad values stand at their defaults here: problems between settings are reported as well.
  problems.push(...check(values as Values<S>));
  return { values: values as Values<S>, error: errorOf(problems) };
}

/** The same; throws what is wrong. */
export function readSettings<S extends Settings>(
  settings: S,
  sources: SettingSources,
  check?: (values: Values<S>) => readonly string[],
): Values<S> {
  const { values, error } = inspectSettings(settings, sources, check);
  if (error !== null) throw error;
  return values;
}

function errorOf(problems: readonly string[]): GatewayError | null {
  if (problems.length === 0) return null;
  const count = problems.length === 1 ? 'a bad setting' : `${problems.length} bad settings`;
  return new GatewayError('bad_settings', `${count}:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

/** The options for `--help`, one a line, aligned. */
export function describeSettings(settings: Settings): string {
  const rows = Object.entries(settings).map(([key, described]) => {
    const { placeholder, shownFallback } = described;
    const left = placeholder === null ? flagName(key) : `${flagName(key)} ${placeholder}`;
    const shown = shownFallback === null ? '' : ` (default ${shownFallback})`;
    return [left, `${described.help}${described.repeatable ? '; repeatable' : ''}${shown}`] as const;
  });
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows
    .map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
    )
    .join('\n');
}
