import { join } from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pg from 'pg';
import { activeCaCertificate } from '../onsmqtt/active-ca-certificate.ts';
import { createCredential } from '../onsmqtt/credentials.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import { makeBareActivities } from './bare-activities.ts';

/** A process: the worker of the bare workflow, with the limits of our own. Prints `runs` when it does. */
const {
  BENCH_DATABASE_URL: connectionString,
  BENCH_TEMPORAL: address,
  BENCH_ENDPOINT: endpoint,
} = process.env;
if (!connectionString || !address || !endpoint) throw new Error('to be started by bench/bare.ts');

Runtime.install({ shutdownSignals: [] });
const pool = new pg.Pool({ connectionString, max: 20 });
const onsMqtt = createOnsMqtt({
  endpoint,
  credential: () =>
    createCredential({
      accessKeyId: process.env.ALIBABA_CLOUD_ACCESS_KEY_ID ?? '',
      accessKeySecret: process.env.ALIBABA_CLOUD_ACCESS_KEY_SECRET ?? '',
    }),
  pace: { claim: () => Promise.resolve() },
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  namespace: process.env.BENCH_NAMESPACE ?? 'default',
  taskQueue: 'bare',
  workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'),
  activities: makeBareActivities(pool, activeCaCertificate(onsMqtt)),
  maxCachedWorkflows: 500,
  maxConcurrentWorkflowTaskExecutions: 20,
  maxConcurrentActivityTaskExecutions: 100,
});
process.once('SIGTERM', () => worker.shutdown());
process.stdout.write('runs\n');
await worker.run();
await connection.close();
await pool.end();
