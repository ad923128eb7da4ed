/** What each of several gateways on one port has of what is set for the machine. Pure. */
import type { Config } from './serve-settings.ts';

/** Settings that are a limit of all processes together: the shares are whole, and their sum is what was set. */
export const dividedSettings = ['maxStreams', 'ringMemoryMb', 'playbackMemoryMb'] as const;

/** One of so many parts of a limit; their sum is the limit. */
export function shareOf(total: number, parts: number, part: number): number {
  return Math.floor(total / parts) + (part < total % parts ? 1 : 0);
}

/** The settings of one of the processes, from 0; of the only one they are the same. */
export function configOf(config: Config, process: number): Config {
  const { processes, workers, maxUpgradesPerSecond, maxUpgradesPerAddress } = config;
  const divided = Object.fromEntries(dividedSettings.map((key) => [key, shareOf(config[key], processes, process)]));
  return {
    ...config,
    ...divided,
    workers: Math.max(1, Math.floor(workers / processes)),
    // Rounded up: chance, and no plan, decides which process a connection comes to.
    maxUpgradesPerSecond: Math.ceil(maxUpgradesPerSecond / processes),
    maxUpgradesPerAddress: Math.ceil(maxUpgradesPerAddress / processes),
  };
}

/** The settings of all processes. */
export function configsOf(config: Config): Config[] {
  return Array.from({ length: config.processes }, (_, process) => configOf(config, process));
}
