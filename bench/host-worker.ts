import { join } from 'node:path';
import { makeHostActivities } from './host-activities.ts';
import { runWorker } from './run-worker.ts';

/** A process: a host's worker, with the workflow that has a gate and the one that has none. */
await runWorker((vendor) => ({
  taskQueue: 'host',
  workflowsPath: join(import.meta.dirname, 'host-workflows.ts'),
  activities: makeHostActivities(vendor),
}));
