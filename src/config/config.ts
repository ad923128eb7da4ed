/** From flags, environment and file to a complete configuration of `serve`, or an error that names all that is wrong. Main thread. */
import { availableParallelism } from 'node:os';
import type { GatewayError } from '../base/errors.ts';
import { framesPerSecond } from '../base/limits.ts';
import { type Config, serveSettings } from './serve-settings.ts';
import { inspectSettings, type SettingSources } from './settings.ts';
import { crossFieldProblems } from './validate.ts';

export const environmentPrefix = 'ACS_GATEWAY_';

export interface ConfigRead {
  /** Complete; where a setting was bad, with its default. */
  readonly config: Config;
  /** `bad_settings` with all that is wrong; null if nothing is. */
  readonly error: GatewayError | null;
}

/** For `doctor`, which looks at the rest although something is wrong. */
export function inspectConfig(sources: SettingSources): ConfigRead {
  const { values, error } = inspectSettings(serveSettings, sources, (read) => crossFieldProblems(resolved(read)));
  return { config: resolved(values), error };
}

/** With numbers in the place of 0, where that stands for what follows from something else. */
function resolved(values: Config): Config {
  const { maxMessagesPerSecond, maxParticipants, processes } = values;
  return {
    ...values,
    maxMessagesPerSecond: maxMessagesPerSecond || 2 * framesPerSecond * maxParticipants,
    processes: processes || Math.max(1, Math.floor(availableParallelism() / 2)),
  };
}

/** Throws `bad_settings` with all that is wrong. */
export function readConfig(sources: SettingSources): Config {
  const { config, error } = inspectConfig(sources);
  if (error !== null) throw error;
  return config;
}
