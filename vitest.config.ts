import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Threads cannot run uWebSockets.js twice in one process safely, and these tests start real servers: one process a file.
    pool: 'forks',
    maxWorkers: 2,
  },
});
