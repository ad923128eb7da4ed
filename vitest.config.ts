import { defineConfig } from 'vitest/config';

const results = process.env['ACS_TEST_RESULTS'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Files that start real servers and threads: one process a file, and no more of them than small machines have cores.
    pool: 'forks',
    maxWorkers: 2,
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
  },
});
