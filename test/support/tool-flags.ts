/** Flags of the commands that try the gateway: `--help` says what there is, and what is wrong gets a line and the usage, not a stack. */
import { parseArgs } from 'node:util';

/** The default of each flag: a text, a number that it then must be, or undefined for a text that may be left out. */
type Defaults = Readonly<Record<string, string | number | undefined>>;

type Values<D extends Defaults> = {
  readonly [Name in keyof D]: D[Name] extends number ? number : D[Name] extends string ? string : string | undefined;
};

export interface ToolFlags<D extends Defaults> {
  readonly values: Values<D>;
  readonly positionals: readonly string[];
}

/** Ends the process after `--help`, with 0, and after a flag that is wrong, with 2. */
export function readToolFlags<D extends Defaults>(
  usage: string,
  defaults: D,
  positionals: readonly string[] = [],
): ToolFlags<D> {
  try {
    return parse(defaults, positionals, () => {
      process.stdout.write(usage);
      process.exit(0);
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

function parse<D extends Defaults>(defaults: D, allowed: readonly string[], help: () => never): ToolFlags<D> {
  const options: Record<string, { readonly type: 'string' | 'boolean' }> = { help: { type: 'boolean' } };
  for (const name of Object.keys(defaults)) options[name] = { type: 'string' };
  const { values, positionals } = parseArgs({
    options,
    allowPositionals: allowed.length > 0,
  });
  if (values['help'] === true) help();
  const unknown = positionals.find((one) => !allowed.includes(one));
  if (unknown !== undefined) throw new Error(`${unknown}: expected ${allowed.join(', ')}`);
  const read = Object.entries(defaults).map(([name, fallback]) => [name, flagValue(name, values[name], fallback)]);
  return { values: Object.fromEntries(read) as Values<D>, positionals };
}

function flagValue(name: string, given: unknown, fallback: string | number | undefined): unknown {
  if (given === undefined || typeof fallback !== 'number') return given ?? fallback;
  const value = Number(given);
  if (given === '' || !(value >= 0)) throw new Error(`--${name} ${given}: expected a number`);
  return value;
}
