import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Examples import the package's public entries, which a clone has not built.
  resolve: {
    alias: [
      ['countersign', 'index.ts'],
      ['countersign/operation', 'operation.ts'],
      ['countersign/workflow', 'workflow.ts'],
    ].map(([entry, file]) => ({
      find: new RegExp(`^${entry}$`),
      replacement: join(import.meta.dirname, 'plugin', file ?? ''),
    })),
  },
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
