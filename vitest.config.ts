import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/**
 * Two projects. `quick` is `npm test`, for many times a day: it needs nothing but npm. `slow` is what takes long or wants more: real balancers,
 * brokers and monitoring, faults under load, benchmarks, examples. A file says by its name which one it belongs to. Slow ones
 * wait most of the time, so more of them run at a time than there are cores, and those that judge times know what they got.
 */
const slow = 'test/**/*.slow.test.ts';

export default defineConfig({
  test: {
    // Against what hangs, not a judgement: a busy machine may take its time.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Files that start real servers and threads: one process a file.
    pool: 'forks',
    globalSetup: 'test/support/product.ts',
    sequence: { sequencer: LongestFirst },
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      { extends: true, test: { name: 'quick', include: ['test/**/*.test.ts'], exclude: [slow], maxWorkers: 4 } },
      { extends: true, test: { name: 'slow', include: [slow], maxWorkers: 4, sequence: { groupOrder: 1 } } },
    ],
  },
});
