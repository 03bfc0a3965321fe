import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // An example imports the package's public entry, which a clone has not built.
  resolve: { alias: { 'countersign/operation': join(import.meta.dirname, 'plugin', 'operation.ts') } },
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Real servers on small machines: generous, since tests wait for conditions and not for these.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
