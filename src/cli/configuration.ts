/** The configuration of `serve` and `doctor`, from the command line, the environment and the file that it names. */
import { readFileSync } from 'node:fs';
import { type ConfigRead, environmentPrefix, inspectConfig, readConfig } from '../config/config.ts';
import type { Config } from '../config/serve-settings.ts';
import type { SettingSources } from '../config/settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

function sourcesOf(argv: readonly string[], environment: Environment): SettingSources {
  return { argv, env: environment, envPrefix: environmentPrefix, readFile: (path) => readFileSync(path, 'utf8') };
}

/** Throws `bad_settings` with all that is wrong. */
export function configure(argv: readonly string[], environment: Environment): Config {
  return readConfig(sourcesOf(argv, environment));
}

/** The configuration as far as it is right, and what is wrong. */
export function inspect(argv: readonly string[], environment: Environment): ConfigRead {
  return inspectConfig(sourcesOf(argv, environment));
}
