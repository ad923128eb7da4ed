/** The configuration of `serve` and `doctor`, from the command line, the environment and the file that it names. */
import { readFileSync } from 'node:fs';
import { type Config, environmentPrefix, readConfig } from '../config.ts';
import { shownSink, sinkProblem } from '../sink/spec.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `bad_settings` with all that is wrong. */
export function configure(argv: readonly string[], environment: Environment): Config {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  const sinks = { problem: sinkProblem, shown: shownSink };
  return readConfig({ argv, env: environment, envPrefix: environmentPrefix, readFile }, sinks);
}
