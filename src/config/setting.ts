/**
 * What a setting is: its schema, its default, and what it is called on the command line, in the environment and in the help. Pure.
 */
import { z } from 'zod';

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

/** A setting that stays null unless it is given. */
export function optional<T>(described: Setting<T>): Setting<T | null> {
  return { ...described, fallback: null, shownFallback: null } as Setting<T | null>;
}

export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function environmentName(prefix: string, key: string): string {
  return prefix + flagName(key).slice(2).replaceAll('-', '_').toUpperCase();
}

/** The options for `--help`, one a line, aligned. */
export function describeSettings(settings: Settings, minWidth = 0): string {
  const rows = Object.entries(settings).map(([key, described]) => {
    const { placeholder, shownFallback } = described;
    const left = placeholder === null ? flagName(key) : `${flagName(key)} ${placeholder}`;
    const shown = shownFallback === null ? '' : ` (default ${shownFallback})`;
    return [left, `${described.help}${described.repeatable ? '; repeatable' : ''}${shown}`] as const;
  });
  const width = Math.min(34, Math.max(minWidth, ...rows.map(([left]) => left.length)));
  return rows
    .map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
    )
    .join('\n');
}
