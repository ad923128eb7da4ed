/** From flags, environment and file to a complete configuration of `serve`, or an error that names all that is wrong. Main thread. */
import { framesPerSecond } from '../base/limits.ts';
import { type Config, serveSettings } from './serve-settings.ts';
import { readSettings, type SettingSources } from './settings.ts';
import { crossFieldProblems } from './validate.ts';

export const environmentPrefix = 'ACS_GATEWAY_';

/** Throws `bad_settings` with all that is wrong. */
export function readConfig(sources: SettingSources): Config {
  const config = readSettings(serveSettings, sources, crossFieldProblems);
  const { lanes, workers, maxMessagesPerSecond, maxParticipants } = config;
  return {
    ...config,
    lanes: lanes || workers,
    maxMessagesPerSecond: maxMessagesPerSecond || 2 * framesPerSecond * maxParticipants,
  };
}
