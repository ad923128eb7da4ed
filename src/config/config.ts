/** From flags, environment and file to a complete configuration of `serve`, or an error that names all that is wrong. Main thread. */
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
  const { values, error } = inspectSettings(serveSettings, sources, crossFieldProblems);
  const { maxMessagesPerSecond, maxParticipants } = values;
  const config = {
    ...values,
    maxMessagesPerSecond: maxMessagesPerSecond || 2 * framesPerSecond * maxParticipants,
  };
  return { config, error };
}

/** Throws `bad_settings` with all that is wrong. */
export function readConfig(sources: SettingSources): Config {
  const { config, error } = inspectConfig(sources);
  if (error !== null) throw error;
  return config;
}
