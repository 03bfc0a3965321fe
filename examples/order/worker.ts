import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { CountersignPlugin } from 'countersign';
import { payments } from './payment-driver.ts';

/** Where the worker's servers are, and whom its workflows tell. */
export interface OrderWorkerOptions {
  readonly address: string;
  readonly namespace: string;
  /** URL of the payment service. */
  readonly service: string;
  readonly notify: (text: string) => Promise<void>;
}

/** The order team's worker: its workflows, its activities, and the calls that Countersign gates. */
export async function startOrderWorker(
  { address, namespace, service, notify }: OrderWorkerOptions,
  more: Partial<WorkerOptions> = {},
) {
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    ...more,
    connection,
    namespace,
    taskQueue: 'payments',
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    activities: { notify },
    plugins: [new CountersignPlugin({ operations: [payments(service)] })],
  });
  const running = worker.run();
  return {
    async stop(): Promise<void> {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
