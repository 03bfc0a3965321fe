import { join } from 'node:path';
import pg from 'pg';
import { makeBareActivities } from './bare-activities.ts';
import { runWorker } from './run-worker.ts';

/** A process: the worker of the bare workflow. */
const { BENCH_DATABASE_URL: connectionString } = process.env;
if (!connectionString) throw new Error('to be started by bench/bare.ts');

const pool = new pg.Pool({ connectionString, max: 20 });
await runWorker((vendor) => ({
  taskQueue: 'bare',
  workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'),
  activities: makeBareActivities(pool, vendor),
  maxConcurrentActivityTaskExecutions: 100,
}));
await pool.end();
