import { join } from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { activeCaCertificate } from '../onsmqtt/active-ca-certificate.ts';
import { createCredential } from '../onsmqtt/credentials.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import { makeHostActivities } from './host-activities.ts';

/** A process: a host's worker, with the workflow that has a gate and the one that has none. Prints `runs` when it does. */
const { BENCH_TEMPORAL: address, BENCH_ENDPOINT: endpoint } = process.env;
if (!address || !endpoint) throw new Error('to be started by bench/host-gate.ts');

Runtime.install({ shutdownSignals: [] });
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
  taskQueue: 'host',
  workflowsPath: join(import.meta.dirname, 'host-workflows.ts'),
  activities: makeHostActivities(activeCaCertificate(onsMqtt)),
  maxCachedWorkflows: 500,
  maxConcurrentWorkflowTaskExecutions: 20,
});
process.once('SIGTERM', () => worker.shutdown());
process.stdout.write('runs\n');
await worker.run();
await connection.close();
