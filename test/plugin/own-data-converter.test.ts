import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from '@temporalio/client';
import { SimplePlugin } from '@temporalio/plugin';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onTaskQueue } from '../../activities/driver-on-queue.ts';
import { payments } from '../../examples/order/payment-driver.ts';
import { startPaymentService } from '../../examples/order/payment-service.ts';
import type { PaymentService } from '../../examples/order/payment-service.ts';
import releasePayment from '../../examples/order/release-payment.ts';
import { CountersignPlugin } from '../../plugin/index.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import { bundledBy } from '../support/operations.ts';
import { bundlerOptions } from '../support/order.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide } from '../support/steps.ts';
import { testKeys } from '../support/payload-keys.ts';
import { encodingOf, secretEncoding, strictCodec, strictHostCodec } from '../support/strict-codec.ts';

/* A team whose payloads nobody else reads: a codec that takes only its own, and a payload converter of its own. */

const taskQueue = 'payments';
let testbed: Testbed;
let service: PaymentService;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let connection: NativeConnection;
let team: Worker;
let client: Client;
let running: Promise<void>;
const told: string[] = [];
const intercepted: string[] = [];
const decoded: string[] = [];

beforeAll(async () => {
  quietRuntime();
  [testbed, service] = await Promise.all([startTestbed(), startPaymentService({ 'P-1': 'payee' })]);
  const operations = makeOperations([...bundledOperations, releasePayment]);
  const implementations = makeImplementations(operations, [
    ...bundledBy(testbed.simulator.url),
    onTaskQueue(releasePayment, taskQueue, secretEncoding),
  ]);
  [api, workers] = await Promise.all([
    startApi(testbed, { operations, stored: { keys: testKeys } }),
    startWorkers(testbed, {
      operations,
      implementations,
      linkOf: (id) => `https://console.example/${id}`,
      stored: { keys: testKeys, hostCodecs: [strictHostCodec] },
    }),
  ]);
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
  const dataConverter = {
    payloadConverterPath: fileURLToPath(import.meta.resolve('../support/own-payload-converter.ts')),
    payloadCodecs: [
      {
        ...strictCodec,
        decode: (payloads: Parameters<typeof strictCodec.decode>[0]) => {
          decoded.push(...payloads.map(encodingOf));
          return strictCodec.decode(payloads);
        },
      },
    ],
  };
  connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  client = new Client({ connection: testbed.connection, namespace: testbed.namespace, dataConverter });
  team = await Worker.create({
    connection,
    namespace: testbed.namespace,
    taskQueue,
    dataConverter,
    plugins: [theirs, new CountersignPlugin({ operations: [payments(service.url)] })],
    workflowsPath: fileURLToPath(import.meta.resolve('../../examples/order/workflows.ts')),
    bundlerOptions,
    activities: { notify: (text: string) => void told.push(text) },
  });
  running = team.run();
});
afterAll(async () => {
  team.shutdown();
  await running;
  await connection.close();
  await workers.stop();
  await api.stop();
  await service.stop();
  await testbed.stop();
});

test('is gated and calls, and its own payloads stay as they are', async () => {
  const handle = await client.workflow.start('order', {
    workflowId: randomUUID(),
    taskQueue,
    args: [{ payment: 'P-1', requester: { issuer: testbed.identity.issuer, subject: 'alice' } }],
  });
  const line = await eventually(() => Promise.resolve(told[0] ?? null));
  const id = line.slice(-36);
  expect(line).toBe(`P-1 waits for an approval: https://console.example/${id}`);
  await decide(api.users.bob, await changeThat(api.users.bob, id, (c) => c.digest !== null));
  expect(await handle.result()).toBe('receipt of P-1');
  expect(service.released).toEqual(['P-1']);
  const [read, call] = ['ReleasePayment.read', 'ReleasePayment.call'];
  expect(intercepted.filter((type) => type !== 'notify')).toEqual([read, read, call]);
  // The team's codec has seen its own payloads alone, and those are encoded as before.
  expect(new Set(decoded)).toEqual(new Set([secretEncoding]));
  const { events } = await handle.fetchHistory();
  const [given] = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const notify = events?.find((e) => e.activityTaskScheduledEventAttributes);
  const [text] = notify?.activityTaskScheduledEventAttributes?.input?.payloads ?? [];
  expect([encodingOf(given), encodingOf(text)]).toEqual([secretEncoding, secretEncoding]);
});
