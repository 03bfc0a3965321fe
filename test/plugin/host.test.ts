import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { SimplePlugin } from '@temporalio/plugin';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CountersignPlugin } from '../../plugin/index.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import { decide } from '../support/steps.ts';
import { encodingOf, secretEncoding, strictCodec, strictHostCodec } from '../support/strict-codec.ts';
import type { Testbed } from '../support/service.ts';

/* A team's own worker: its own workflows in a bundle, activities, codec and plugin; ours on client, connection and worker. */

const taskQueue = 'lines';
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let native: NativeConnection;
let connection: Connection;
let client: Client;
let host: Worker;
let running: Promise<void>;
const intercepted: string[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, { stored: { hostCodecs: [strictHostCodec] } }),
  ]);
  const ours = new CountersignPlugin();
  const theirs = new SimplePlugin({
    name: 'theirs',
    workerInterceptors: {
      activity: [
        ({ info }) => ({
          inbound: {
            execute(input, next): Promise<unknown> {
              intercepted.push(info.activityType);
              return next(input);
            },
          },
        }),
      ],
    },
  });
  const { temporalAddress: address, namespace } = testbed;
  const dataConverter = { payloadCodecs: [strictCodec] };
  native = await NativeConnection.connect({ address, plugins: [ours] });
  connection = await Connection.connect({ address, plugins: [ours] });
  client = new Client({ connection, namespace, dataConverter, plugins: [ours] });
  host = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    dataConverter,
    plugins: [ours, theirs],
    workflowBundle: await bundleWorkflowCode({
      workflowsPath: fileURLToPath(import.meta.resolve('./host-workflows.ts')),
      plugins: [ours, theirs],
      logger: new DefaultLogger('WARN'),
    }),
    activities: { record: (line: string) => Promise.resolve(`told ${line}`) },
  });
  running = host.run();
});
afterAll(async () => {
  host.shutdown();
  await running;
  await native.close();
  await connection.close();
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function moved(decision: 'approve' | 'reject'): Promise<WorkflowHandleWithFirstExecutionRunId> {
  const sn = await testbed.certificate();
  const handle = await client.workflow.start('moveLine', {
    taskQueue,
    workflowId: randomUUID(),
    args: [
      'line 4',
      { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
      {
        justification: 'the line moves',
        requester: { issuer: testbed.identity.issuer, subject: 'alice' },
      },
    ],
  });
  const { id } = await eventually(async () => {
    const { items } = await api.users.bob.list(new URLSearchParams({ sn }));
    return items[0] ?? null;
  });
  await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null), decision);
  return handle;
}

describe.concurrent(
  'a worker with workflows, activities, codec and plugin of its own',
  { timeout: 300_000 },
  () => {
    test('gates a step, and keeps what it has', async () => {
      const handle = await moved('approve');
      expect(await handle.result()).toBe('told line 4, succeeded');
      expect(intercepted).toContain('record');
      const { events } = await handle.fetchHistory();
      const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
      expect(encodingOf(input)).toBe(secretEncoding);
      const started = events?.find((e) => e.startChildWorkflowExecutionInitiatedEventAttributes);
      const [request] = started?.startChildWorkflowExecutionInitiatedEventAttributes?.input?.payloads ?? [];
      expect(encodingOf(request)).toBe(secretEncoding);
    });

    test('learns that people said no', async () => {
      const handle = await moved('reject');
      const error: unknown = await handle.result().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(WorkflowFailedError);
      expect((error as WorkflowFailedError).cause).toMatchObject({ type: 'not_approved' });
    });
  },
);
