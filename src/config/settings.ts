/**
 * Reads settings: the command line over the environment over a JSON file over defaults. Pure: the sources are arguments. All
 * errors are collected and reported in one go, each by name with the value and what was expected; an unknown flag or key is an
 * error.
 */
import { GatewayError } from '../base/errors.ts';
import { suggestion } from './nearest.ts';
import { environmentName, flagName, type Settings, type Values } from './setting.ts';

export interface SettingSources {
  /** The arguments after the command's name. */
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** With a prefix such as `ACS_GATEWAY_` the environment is read: `ACS_GATEWAY_RING_SECONDS`. */
  readonly envPrefix?: string;
  /** Reads the file that `--config` names. Without it there is no `--config`. */
  readonly readFile?: (path: string) => string;
  /** Takes the arguments that are no flags, in order. Without it they are an error. */
  readonly words?: string[];
  /** By key, as in the file. They count less than the others. */
  readonly values?: Readonly<Record<string, unknown>>;
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

function fromArguments(settings: Settings, { argv, readFile, words }: SettingSources, problems: string[]) {
  const withFile = readFile !== undefined;
  const given = new Map<string, Given>();
  const keyOfFlag = new Map(Object.keys(settings).map((key) => [flagName(key), key]));
  let file: string | null = null;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!;
    if (words !== undefined && !argument.startsWith('--')) {
      words.push(argument);
      continue;
    }
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
  const line = fromArguments(settings, sources, problems);
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
