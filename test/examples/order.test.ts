import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onTaskQueue } from '../../activities/driver-on-queue.ts';
import { openOperations } from '../../cli/operations.ts';
import { startPaymentService } from '../../examples/order/payment-service.ts';
import type { PaymentService } from '../../examples/order/payment-service.ts';
import releasePayment from '../../examples/order/release-payment.ts';
import { startOrderWorker } from '../../examples/order/worker.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { bundledBy } from '../support/operations.ts';
import { bundlerOptions } from '../support/order.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, entriesOf } from '../support/steps.ts';

/* The example of docs/hosts.md: a team's workflow is gated, and the call is the team's own worker's. */

const folder = join(import.meta.dirname, '..', '..', 'examples', 'order');
let testbed: Testbed;
let service: PaymentService;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let team: Awaited<ReturnType<typeof startOrderWorker>>;
const told: string[] = [];

const payees = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`P-${i}`, `payee ${i}`]));

beforeAll(async () => {
  quietRuntime();
  [testbed, service] = await Promise.all([startTestbed(), startPaymentService(payees)]);
  const operations = await openOperations({
    COUNTERSIGN_OPERATIONS: join(folder, 'release-payment.ts'),
  });
  const implementations = makeImplementations(operations, [
    ...bundledBy(testbed.simulator.url),
    onTaskQueue(operations.get('ReleasePayment') ?? releasePayment, 'payments'),
  ]);
  const { temporalAddress: address, namespace } = testbed;
  [api, workers, team] = await Promise.all([
    startApi(testbed, { operations }),
    startWorkers(testbed, { operations, implementations, linkOf: (id) => `https://console.example/${id}` }),
    startOrderWorker(
      {
        ...{ address, namespace, service: service.url },
        notify(text) {
          told.push(text);
          return Promise.resolve();
        },
      },
      { bundlerOptions },
    ),
  ]);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await team.stop();
  await workers.stop();
  await api.stop();
  await service.stop();
  await testbed.stop();
});

async function ordered(payment: string) {
  const handle = await testbed.client.workflow.start('order', {
    workflowId: `order-${randomUUID()}`,
    taskQueue: 'payments',
    args: [{ payment, requester: { issuer: testbed.identity.issuer, subject: 'alice' } }],
  });
  const line = await eventually(() =>
    Promise.resolve(told.find((text) => text.startsWith(`${payment} waits`)) ?? null),
  );
  const id = line.slice(-36);
  return { handle, asked: await changeThat(api.users.bob, id, (c) => c.digest !== null) };
}
const releasesOf = (payment: string) => service.released.filter((one) => one === payment).length;
const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);

test('is approved, and its call answers the order', async () => {
  const { handle, asked } = await ordered('P-1');
  expect(asked).toMatchObject({
    operation: 'ReleasePayment',
    target: { id: 'payments/P-1' },
    snapshot: { payment: 'P-1', payee: 'payee 1', state: 'held' },
  });
  expect(told).toContain(`P-1 waits for an approval: https://console.example/${asked.id}`);
  expect(releasesOf('P-1')).toBe(0);
  await decide(api.users.bob, asked);
  expect(await handle.result()).toBe('receipt of P-1');
  expect(releasesOf('P-1')).toBe(1);
  const entries = await entriesOf(api.users.dave, asked.id);
  expect(entries.map(({ type }) => type)).toEqual([
    'change.requested',
    'change.prechecked',
    'decision.approved',
    'change.scheduled',
    'attempt.started',
    'attempt.succeeded',
    'change.closed',
  ]);
  expect(entries[5]).toMatchObject({ output: { receipt: 'receipt of P-1' } });
});

test('is rejected, and nothing is called', async () => {
  const { handle, asked } = await ordered('P-2');
  await decide(api.users.bob, asked, 'reject');
  expect(await handle.result()).toBeNull();
  expect(releasesOf('P-2')).toBe(0);
});

describe('a call that goes wrong', () => {
  test('having done nothing is made again', async () => {
    service.fail({ status: 503 }, { status: 503 });
    const { handle, asked } = await ordered('P-3');
    await decide(api.users.bob, asked);
    expect(await handle.result()).toBe('receipt of P-3');
    expect((await ended(asked.id)).attempts.map(({ class: kind }) => kind)).toEqual([
      'transient',
      'transient',
      null,
    ]);
  });

  test('having worked is recognised, and not made again', async () => {
    service.fail({ status: 500, released: true });
    const { handle, asked } = await ordered('P-4');
    await decide(api.users.bob, asked);
    expect(await handle.result()).toBe('released');
    expect(releasesOf('P-4')).toBe(1);
    expect(await ended(asked.id)).toMatchObject({
      executionStatus: 'succeeded',
      outcome: { reconciled: true },
    });
  });

  test('for good ends the change', async () => {
    service.fail({ status: 403 });
    const { handle, asked } = await ordered('P-5');
    await decide(api.users.bob, asked);
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'not_executed' } });
    expect(await ended(asked.id)).toMatchObject({ executionStatus: 'failed', outcome: { code: 'Refused' } });
    expect(releasesOf('P-5')).toBe(0);
  });
});

test('nobody calls past the gate by mistake', async () => {
  const connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  const passing = await Worker.create({
    connection,
    namespace: testbed.namespace,
    taskQueue: 'passing',
    workflowsPath: join(import.meta.dirname, '..', 'support', 'host-workflows.ts'),
  });
  const running = passing.run();
  const request = { changeId: randomUUID(), input: { payment: 'P-6' }, notAfter: Date.now() + 60_000 };
  const handle = await testbed.client.workflow.start('bareActivity', {
    workflowId: randomUUID(),
    taskQueue: 'passing',
    args: ['ReleasePayment.call', request, 'payments'],
  });
  await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'permanent' } } });
  expect(releasesOf('P-6')).toBe(0);
  passing.shutdown();
  await running;
  await connection.close();
});

test('while no worker of the team runs, nothing is sent, and then it is', async () => {
  const { handle, asked } = await ordered('P-7');
  await team.stop();
  await decide(api.users.bob, asked);
  await changeThat(api.users.bob, asked.id, (c) => c.decisionStatus === 'approved');
  const { temporalAddress: address, namespace } = testbed;
  const notify = () => Promise.resolve();
  team = await startOrderWorker({ address, namespace, service: service.url, notify }, { bundlerOptions });
  expect(await handle.result()).toBe('receipt of P-7');
  expect(releasesOf('P-7')).toBe(1);
});
