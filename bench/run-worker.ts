import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { activeCaCertificate } from '../onsmqtt/active-ca-certificate.ts';
import { createCredential } from '../onsmqtt/credentials.ts';
import { createOnsMqtt } from '../onsmqtt/client.ts';
import type { Implementation } from '../operations/implement.ts';

/** Runs the worker of a process that `startWorker` has started, with the limits of our own, until it is told to end. */
export async function runWorker(
  optionsFor: (
    vendor: Implementation,
  ) => Pick<WorkerOptions, 'taskQueue' | 'workflowsPath' | 'activities'> & Partial<WorkerOptions>,
): Promise<void> {
  const { BENCH_TEMPORAL: address, BENCH_ENDPOINT: endpoint } = process.env;
  if (!address || !endpoint) throw new Error('to be started by bench/start-worker.ts');
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
    maxCachedWorkflows: 500,
    maxConcurrentWorkflowTaskExecutions: 20,
    ...optionsFor(activeCaCertificate(onsMqtt)),
  });
  process.once('SIGTERM', () => worker.shutdown());
  process.stdout.write('runs\n');
  await worker.run();
  await connection.close();
}
