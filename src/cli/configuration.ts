/** The configuration of `serve` and `doctor`, from the command line, the environment and the file that it names. */
import { readFileSync } from 'node:fs';
import { environmentPrefix, readConfig } from '../config/config.ts';
import type { Config } from '../config/serve-settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `bad_settings` with all that is wrong. */
export function configure(argv: readonly string[], environment: Environment): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return readConfig({ argv, env: environment, envPrefix: environmentPrefix, readFile });
}
