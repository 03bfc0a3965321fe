import { join } from 'node:path';
import type { WorkerOptions } from '@temporalio/worker';

const plugin = join(import.meta.dirname, '..', '..', 'plugin');

/** Where a bundle of an example's workflows finds the package's entries, which a clone has not built. */
export const bundlerOptions: NonNullable<WorkerOptions['bundlerOptions']> = {
  webpackConfigHook: (config) => ({
    ...config,
    resolve: {
      ...config.resolve,
      alias: {
        ...(config.resolve?.alias as object),
        'countersign/operation$': join(plugin, 'operation.ts'),
        'countersign/workflow$': join(plugin, 'workflow.ts'),
      },
    },
  }),
};
