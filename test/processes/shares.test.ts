/** What each of several processes has of the limits of a machine. */
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { configsOf, dividedSettings } from '../../src/config/share.ts';

test('the shares of a limit are whole, and their sum is what was set', () => {
  for (const processes of [1, 2, 3, 7, 64]) {
    const config = readConfig({ argv: [], values: { processes, maxStreams: 10_001, playbackMemoryMb: 65 } });
    const shares = configsOf(config);
    expect(shares).toHaveLength(processes);
    for (const key of dividedSettings) {
      expect(shares.reduce((sum, share) => sum + share[key], 0)).toBe(config[key]);
      expect(Math.min(...shares.map((share) => share[key]))).toBeGreaterThan(0);
    }
  }
});

test('workers are divided too, but each process has one', () => {
  const workersOf = (processes: number) =>
    configsOf(readConfig({ argv: [], values: { processes, workers: 7 } })).map(({ workers }) => workers);
  expect(workersOf(2)).toEqual([3, 3]);
  expect(workersOf(8)).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
});

test('one process has what was set', () => {
  const config = readConfig({ argv: [] });
  expect(configsOf(config)).toEqual([config]);
});

test('0 processes are half of the cores, and at least one', () => {
  expect(readConfig({ argv: ['--processes', '0'] }).processes).toBeGreaterThanOrEqual(1);
});
