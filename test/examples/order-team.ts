import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onTaskQueue } from '../../activities/driver-on-queue.ts';
import { openOperations } from '../../cli/operations.ts';
import { startPaymentService } from '../../examples/order/payment-service.ts';
import type { PaymentService } from '../../examples/order/payment-service.ts';
import releasePayment from '../../examples/order/release-payment.ts';
import { startOrderWorker } from '../../examples/order/worker.ts';
import type { GateFailure, GateOpened } from '../../domain/gate.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { startNexus } from '../support/nexus.ts';
import { bundledBy } from '../support/operations.ts';
import { bundlerOptions } from '../support/order.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { replayAll } from '../support/replay.ts';
import { resetRun } from '../support/reset.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, entriesOf } from '../support/steps.ts';
import type { Team } from '../support/team-process.ts';

/** Where a team's worker finds Temporal. */
export type TeamEnvironment = Record<'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE', string>;

/** Tests of an example whose workflow `order`, on the queue `orders`, is written in another language. */
export function testsOfOrderTeam(startTeam: (env: TeamEnvironment) => Promise<Team>): void {
  let testbed: Testbed;
  let service: PaymentService;
  let api: Awaited<ReturnType<typeof startApi>>;
  let workers: Awaited<ReturnType<typeof startWorkers>>;
  let payments: Awaited<ReturnType<typeof startOrderWorker>>;
  let team: Team;
  let nexus: Awaited<ReturnType<typeof startNexus>>;
  let elsewhere: Team;

  beforeAll(async () => {
    quietRuntime();
    const payees = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`P-${i}`, `payee ${i}`]));
    [testbed, service] = await Promise.all([startTestbed(), startPaymentService(payees)]);
    const folder = join(import.meta.dirname, '..', '..', 'examples', 'order');
    const operations = await openOperations({ COUNTERSIGN_OPERATIONS: join(folder, 'release-payment.ts') });
    const implementations = makeImplementations(operations, [
      ...bundledBy(testbed.simulator.url),
      onTaskQueue(operations.get('ReleasePayment') ?? releasePayment, 'payments'),
    ]);
    const { temporalAddress: address, namespace } = testbed;
    nexus = await startNexus(testbed);
    const notify = () => Promise.resolve();
    [api, workers, payments, team, elsewhere] = await Promise.all([
      startApi(testbed, { operations }),
      startWorkers(testbed, {
        operations,
        implementations,
        linkOf,
        nexus: true,
        hosts: [
          { namespace, type: 'order' },
          { namespace: nexus.namespace, type: 'order-elsewhere' },
        ],
      }),
      startOrderWorker({ address, namespace, service: service.url, notify }, { bundlerOptions }),
      startTeam({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace }),
      startTeam({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: nexus.namespace }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([team.stop(), elsewhere.stop()]);
    expect(await findingsInLog(testbed)).toEqual([]);
    expect(await replayAll(testbed)).toBeGreaterThan(1);
    await payments.stop();
    await workers.stop();
    await api.stop();
    await nexus.stop();
    await service.stop();
    await testbed.stop();
  });

  const linkOf = (id: string) => `https://console.example/changes/${id}`;
  const start = (payment: string) =>
    testbed.client.workflow.start('order', {
      workflowId: `order-${randomUUID()}`,
      taskQueue: 'orders',
      args: [{ payment, requester: { issuer: testbed.identity.issuer, subject: 'alice' } }],
    });
  const waitsFor = (handle: WorkflowHandle) =>
    eventually(async () => (await handle.query<GateOpened | null>('waits_for')) ?? null);

  async function ordered(payment: string) {
    const handle = await start(payment);
    const opened = await waitsFor(handle).catch((error: unknown) => {
      throw new Error(`the team's worker said: ${team.output()}`, { cause: error });
    });
    const asked = await changeThat(api.users.bob, opened.changeId, (c) => c.digest !== null);
    return { handle, opened, asked };
  }
  const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);
  const releasesOf = (payment: string) => service.released.filter((one) => one === payment).length;

  /** What the order's failure was caused by: that of its gate. */
  async function causeOf(handle: WorkflowHandle): Promise<ApplicationFailure> {
    const error = (await handle.result().then(
      () => expect.fail('the order succeeded'),
      (thrown: unknown) => thrown,
    )) as WorkflowFailedError;
    return ((error.cause as ChildWorkflowFailure).cause ?? error.cause) as ApplicationFailure;
  }

  test('is approved, and its call answers the order', async () => {
    const { handle, opened, asked } = await ordered('P-1');
    expect(opened).toEqual({ changeId: asked.id, key: 'payment', url: linkOf(asked.id) });
    const vouchedBy = { namespace: testbed.namespace, type: 'order', workflowId: handle.workflowId };
    expect(asked).toMatchObject({
      operation: 'ReleasePayment',
      target: { id: 'payments/P-1' },
      justification: 'order of P-1',
      requester: { subject: 'alice', vouchedBy },
    });
    expect(releasesOf('P-1')).toBe(0);
    await decide(api.users.bob, asked);
    expect(await handle.result()).toBe('receipt of P-1');
    expect(releasesOf('P-1')).toBe(1);
    const [requested] = await entriesOf(api.users.dave, asked.id);
    expect(requested).toMatchObject({ type: 'change.requested', host: vouchedBy });
  });

  describe.concurrent('hears by a failure of its own language', () => {
    test('that people said no', async () => {
      const { handle, asked } = await ordered('P-2');
      await decide(api.users.bob, asked, 'reject');
      expect(await handle.result()).toBe('not released: rejected');
      expect(releasesOf('P-2')).toBe(0);
    });

    test('that the call failed', async () => {
      const { handle, asked } = await ordered('P-3');
      service.fail({ status: 403 });
      await decide(api.users.bob, asked);
      const { type, details } = await causeOf(handle);
      expect(type).toBe('not_executed');
      expect(details).toMatchObject([{ changeId: asked.id, outcome: { code: 'Refused' } }]);
    });

    test('which member of its request is wrong', async () => {
      const { type, details } = await causeOf(await start('no payment'));
      expect(type).toBe('invalid_request');
      const [{ errors }] = details as [GateFailure];
      expect(errors).toMatchObject([{ field: 'input.payment', rule: 'format' }]);
    });
  });

  test('is cancelled, and its change is withdrawn', async () => {
    const { handle, opened, asked } = await ordered('P-4');
    await handle.cancel();
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    // What ended as cancelled names no change: the host knows it from before.
    expect(await handle.query('waits_for')).toEqual(opened);
    expect(opened).toMatchObject({ changeId: asked.id });
    expect(releasesOf('P-4')).toBe(0);
    expect(await ended(asked.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
  });

  test('is terminated, and its change is withdrawn', async () => {
    const { handle, asked } = await ordered('P-5');
    await handle.terminate();
    expect(await ended(asked.id)).toMatchObject({ outcome: { code: 'host_cancelled' } });
  });

  describe('in another namespace, by Nexus,', () => {
    async function orderedElsewhere(payment: string) {
      const { connection, identity } = testbed;
      const client = new Client({ connection, namespace: nexus.namespace });
      const requester = { issuer: identity.issuer, subject: 'alice' };
      const handle = await client.workflow.start('order-elsewhere', {
        workflowId: `order-${randomUUID()}`,
        taskQueue: 'orders',
        args: [{ payment, requester, endpoint: nexus.endpoint }],
      });
      const { changeId } = await waitsFor(handle).catch((error: unknown) => {
        throw new Error(`the team's worker said: ${elsewhere.output()}`, { cause: error });
      });
      return { handle, asked: await changeThat(api.users.bob, changeId, (c) => c.digest !== null) };
    }

    test('is approved, and its namespace vouches', async () => {
      const { handle, asked } = await orderedElsewhere('P-7');
      const { namespace } = nexus;
      const vouchedBy = { namespace, type: 'order-elsewhere', workflowId: handle.workflowId };
      expect(asked.requester).toMatchObject({ subject: 'alice', vouchedBy });
      await decide(api.users.bob, asked);
      expect(await handle.result()).toBe('receipt of P-7');
      expect(releasesOf('P-7')).toBe(1);
    });

    test('hears that people said no', async () => {
      const { handle, asked } = await orderedElsewhere('P-8');
      await decide(api.users.bob, asked, 'reject');
      expect(await handle.result()).toBe('not released: rejected');
      expect(releasesOf('P-8')).toBe(0);
    });
  });

  test('is reset to its beginning, and takes its change up again', async () => {
    const { handle, asked } = await ordered('P-6');
    await resetRun(testbed, handle);
    const again = testbed.client.workflow.getHandle(handle.workflowId);
    await eventually(async () =>
      (await again.describe()).runId === handle.firstExecutionRunId ? null : true,
    );
    expect((await waitsFor(again)).changeId).toBe(asked.id);
    await decide(api.users.bob, asked);
    expect(await again.result()).toBe('receipt of P-6');
    expect(releasesOf('P-6')).toBe(1);
  });
}
