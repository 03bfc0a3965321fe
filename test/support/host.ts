import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import type { WorkflowFailedError, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { PayloadCodec } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import type { Asking } from './host-workflows.ts';
import { quietRuntime } from './quiet-runtime.ts';
import { instance } from './service.ts';
import type { Testbed } from './service.ts';

let bundled: Promise<{ code: string }> | undefined;

/** A worker of somebody else, with workflows of its own and nothing of ours on it. */
export async function startHost(
  testbed: Pick<Testbed, 'temporalAddress' | 'connection' | 'namespace'>,
  options: { readonly codecs?: readonly PayloadCodec[]; readonly namespace?: string } = {},
) {
  quietRuntime();
  // One's tasks are not for another with another codec.
  const taskQueue = `host-${randomUUID()}`;
  const { codecs = [], namespace = testbed.namespace } = options;
  bundled ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(import.meta.resolve('./host-workflows.ts')),
    logger: new DefaultLogger('WARN'),
  });
  const dataConverter = { payloadCodecs: [...codecs] };
  const connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    dataConverter,
    workflowBundle: await bundled,
  });
  const running = worker.run();
  const client = new Client({ connection: testbed.connection, namespace, dataConverter });
  return {
    client,
    taskQueue,
    start: (type: string, ...args: unknown[]): Promise<WorkflowHandleWithFirstExecutionRunId> =>
      client.workflow.start(type, { workflowId: `host-${randomUUID()}`, taskQueue, args }),
    /** As `start`, retried when it fails. */
    startRetried: (type: string, ...args: unknown[]): Promise<WorkflowHandleWithFirstExecutionRunId> =>
      client.workflow.start(type, {
        workflowId: `host-${randomUUID()}`,
        taskQueue,
        args,
        retry: { initialInterval: '200 milliseconds', maximumAttempts: 3 },
      }),
    async stop(): Promise<void> {
      worker.shutdown();
      await running;
      await connection.close();
    },
  };
}

/** A request of alice's for a certificate. */
export function approvalRequest(sn: string, more: Partial<Asking> = {}): Asking {
  return {
    operation: 'ActiveCaCertificate',
    input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
    justification: 'the line moves',
    requester: { issuer: 'https://idp.example', subject: 'alice' },
    ...more,
  };
}

/** What a host's workflow failed with; null when it did not. */
export async function failureOf(
  handle: WorkflowHandleWithFirstExecutionRunId,
): Promise<ApplicationFailure | CancelledFailure | null> {
  try {
    await handle.result();
    return null;
  } catch (error) {
    const { cause } = error as WorkflowFailedError;
    if (cause instanceof ApplicationFailure || cause instanceof CancelledFailure) return cause;
    throw error;
  }
}
