import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { closeOrphans } from '../../activities/close-orphans.ts';
import { watchStored } from '../../activities/watch-stored.ts';
import { onOwnQueues } from '../../cli/worker-dependencies.ts';
import { declaredOperation } from '../../declarations/declared-operation.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { freePort } from '../../embedded/free-port.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import { makePool } from '../../store/pool.ts';
import { closeAccount } from '../support/close-account.ts';
import { approvalRequest, failureOf, startHost } from '../support/host.ts';
import type { Heard, HeardOfGate } from '../support/host-workflows.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { startNexus } from '../support/nexus.ts';
import { bundledBy } from '../support/operations.ts';
import { startProcess } from '../support/process.ts';
import { replayAll } from '../support/replay.ts';
import {
  changeThat,
  eventually,
  makeNamespace,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, post } from '../support/steps.ts';

/* Two installations in one namespace, each with a database, keys, workers and an API of its own, and the same people. */

const operations = makeOperations([...bundledOperations, declaredOperation(closeAccount)]);

/** One of them on its own parts; both know the same people. */
async function startInstallation(testbed: Testbed, installation: string) {
  const implementations = makeImplementations(operations, [
    ...bundledBy(testbed.simulator.url),
    ...onOwnQueues(operations, []),
  ]);
  const [api, workers] = await Promise.all([
    startApi(testbed, { installation, operations }),
    startWorkers(testbed, { installation, operations, implementations, nexus: true }),
  ]);
  const pool = makePool({ connectionString: testbed.database.url('worker'), applicationName: 'test' });
  const { users } = api;
  return {
    name: installation,
    testbed,
    users,
    url: api.url,
    asked: (id: string) => changeThat(users.bob, id, (c) => c.digest !== null),
    ended: (id: string) => changeThat(users.bob, id, (c) => c.closedAt !== null),
    /** The changes of a certificate that it lists. */
    listed: async (sn: string) =>
      (await users.dave.list(new URLSearchParams({ sn }))).items.map(({ id }) => id),
    /** Asks for the change of a certificate that both have. */
    opened: (sn: string) =>
      eventually(async () => (await users.dave.list(new URLSearchParams({ sn }))).items[0] ?? null),
    /** As its worker does from time to time. */
    sweep: () =>
      closeOrphans({
        ...{ pool, client: testbed.client, namespace: testbed.namespace, restMs: 0 },
        log: { warn: () => undefined },
      }),
    watch: () =>
      watchStored(
        { pool, namespace: testbed.namespace, alarm: () => undefined, verifyEntry: () => true },
        { entryId: null, changeId: null },
      ),
    async stop(): Promise<void> {
      await workers.stop();
      await api.stop();
      await pool.end();
    },
  };
}

type Installation = Awaited<ReturnType<typeof startInstallation>>;
let first: Installation;
let second: Installation;
let host: Awaited<ReturnType<typeof startHost>>;

beforeAll(async () => {
  const testbed = await startTestbed();
  const { namespace, identity } = testbed;
  const other = await startTestbed({
    namespace,
    identity: { ...identity, stop: () => Promise.resolve() },
  });
  [first, second, host] = await Promise.all([
    startInstallation(testbed, 'countersign'),
    startInstallation(other, 'payments'),
    startHost(testbed),
  ]);
});
afterAll(async () => {
  for (const { testbed, name } of [first, second]) {
    expect(await findingsInLog(testbed)).toEqual([]);
    expect(await replayAll(testbed, {}, name)).toBeGreaterThan(1);
  }
  await host.stop();
  await second.stop();
  await first.stop();
  await second.testbed.stop();
  await first.testbed.stop();
});

/** A certificate of one serial number at both vendors. */
async function certificate(): Promise<string> {
  const sn = await first.testbed.certificate();
  await second.testbed.certificate({ sn });
  return sn;
}
const queueOf = async (workflowId: string) =>
  (await first.testbed.client.workflow.getHandle(workflowId).describe()).taskQueue;
const executionsOf = async (id: string) => {
  const { events } = await first.testbed.client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
  const scheduled = events?.flatMap((event) => event.activityTaskScheduledEventAttributes ?? []) ?? [];
  return [...new Set(scheduled.map(({ taskQueue }) => taskQueue?.name ?? ''))].sort();
};

test('the same person, key and target are two changes, and each installation decides and calls for its own', async () => {
  const sn = await certificate();
  const key = randomUUID();
  const [one, two] = await Promise.all([post(first.users.alice, sn, key), post(second.users.alice, sn, key)]);
  expect(two.id).not.toBe(one.id);
  expect([await queueOf(workflowIdOf(one.id)), await queueOf(workflowIdOf(two.id))]).toEqual([
    'countersign',
    'payments',
  ]);
  // A repeat is still the same change.
  expect((await post(second.users.alice, sn, key)).id).toBe(two.id);
  expect([await first.listed(sn), await second.listed(sn)]).toEqual([[one.id], [two.id]]);

  await decide(first.users.bob, await first.asked(one.id));
  expect(await first.ended(one.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await second.asked(two.id)).toMatchObject({
    decisionStatus: 'pending',
    executionStatus: 'not_started',
  });
  expect(await second.testbed.calls(sn)).toEqual([]);

  await decide(second.users.bob, await second.asked(two.id));
  expect(await second.ended(two.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect([(await first.testbed.calls(sn)).length, (await second.testbed.calls(sn)).length]).toEqual([1, 1]);
  expect([await executionsOf(one.id), await executionsOf(two.id)]).toEqual([
    ['countersign', 'countersign-onsmqtt'],
    ['payments', 'payments-onsmqtt'],
  ]);
});

test('Temporal’s own list tells them apart by the task queue, and both have the search attributes', async () => {
  const sn = await certificate();
  const change = await first.asked((await post(first.users.alice, sn)).id);
  const other = await second.asked((await post(second.users.alice, sn)).id);
  const listed = async (queue: string) => {
    const query = `TaskQueue = '${queue}' AND CountersignTarget = '${change.target.id}'`;
    const ids: string[] = [];
    for await (const { workflowId } of first.testbed.client.workflow.list({ query })) ids.push(workflowId);
    return ids.length > 0 ? ids : null;
  };
  expect(await eventually(() => listed('countersign'))).toEqual([workflowIdOf(change.id)]);
  expect(await eventually(() => listed('payments'))).toEqual([workflowIdOf(other.id)]);
});

test('an installation knows no change of the other', async () => {
  const change = await second.asked((await post(second.users.alice, await certificate())).id);
  await expect(decide(first.users.bob, change)).rejects.toMatchObject({ code: 'not_found' });
  await expect(first.users.dave.change(change.id)).rejects.toMatchObject({ code: 'not_found' });
  expect(await second.asked(change.id)).toMatchObject({ decisionStatus: 'pending' });
});

test('a sweep closes the own change whose workflow has ended, and leaves the others', async () => {
  const key = randomUUID();
  const sn = await certificate();
  const [one, two] = await Promise.all([
    post(first.users.alice, sn, key).then(({ id }) => first.asked(id)),
    post(second.users.alice, sn, key).then(({ id }) => second.asked(id)),
  ]);
  await first.testbed.client.workflow.getHandle(workflowIdOf(two.id)).terminate('by hand');
  await first.sweep();
  expect(await first.asked(one.id)).toMatchObject({ closedAt: null });
  expect(await second.asked(two.id)).toMatchObject({ closedAt: null });
  await eventually(async () => ((await second.sweep()) > 0 ? true : null));
  expect(await second.ended(two.id)).toMatchObject({ outcome: { code: 'workflow_ended' } });
  expect(await first.asked(one.id)).toMatchObject({ closedAt: null, decisionStatus: 'pending' });
  expect([await first.watch(), await second.watch()]).toEqual([0, 0]);
  await decide(first.users.bob, one, 'reject');
});

test('a workflow gates a step by each, under one key', async () => {
  const sn = await certificate();
  const handle = await host.start('keyedInEach', approvalRequest(sn, { key: 'line' }), [
    'countersign',
    'payments',
  ]);
  const [one, two] = [await first.opened(sn), await second.opened(sn)];
  expect(two.id).not.toBe(one.id);
  await decide(second.users.bob, await second.asked(two.id));
  await decide(first.users.bob, await first.asked(one.id), 'reject');
  const heard = (await handle.result()) as Heard[];
  expect(heard).toEqual([
    { id: one.id, failure: 'not_approved', executionStatus: 'not_started' },
    { id: two.id, failure: null, executionStatus: 'succeeded' },
  ]);
});

test('an installation that nobody runs opens nothing: the host is told whom it has asked', async () => {
  const asking = approvalRequest('SN-nobody', { installation: 'nobody', beginWithinMs: 500 });
  expect(await failureOf(await host.start('requireApproval', asking))).toMatchObject({
    type: 'engine_unavailable',
    message: expect.stringContaining('no worker of installation nobody in namespace') as string,
  });
});

test('a host in another language asks the installation whose queue it names, which tells that queue', async () => {
  const contract = await second.users.alice.get<{ taskQueue: string }>('/v1/contract');
  expect(contract.taskQueue).toBe('payments');
  const sn = await certificate();
  const handle = await host.start('gated', contract, approvalRequest(sn, { key: 'line' }));
  const change = await second.asked((await second.opened(sn)).id);
  expect(await first.listed(sn)).toEqual([]);
  await decide(second.users.bob, change);
  const { answer } = (await handle.result()) as HeardOfGate;
  expect(answer).toMatchObject({ changeId: change.id, outcome: { code: 'succeeded' } });
});

test('a Nexus endpoint leads to the installation whose queue it has', async () => {
  const namespace = await makeNamespace(first.testbed.connection);
  const [ofFirst, ofSecond] = [await startNexus(first.testbed), await startNexus(first.testbed, 'payments')];
  const caller = await startHost(first.testbed, { namespace });
  try {
    const sn = await certificate();
    const request = approvalRequest(sn);
    const handle: WorkflowHandle = await caller.start(
      'openedElsewhere',
      ofSecond.endpoint,
      ofFirst.endpoint,
      request,
    );
    const change = await second.asked((await second.opened(sn)).id);
    expect(await first.listed(sn)).toEqual([]);
    expect(await handle.result()).toContain('expected one of this installation');
    await decide(second.users.bob, change, 'reject');
    await second.ended(change.id);
  } finally {
    await caller.stop();
    await ofFirst.stop();
    await ofSecond.stop();
  }
});

test('a process of one installation does not start on the database of the other', async () => {
  const named = { COUNTERSIGN_INSTALLATION: 'payments' };
  const api = await startProcess(second.testbed, 'api', { ...named, PORT: String(await freePort()) });
  await api.stop();
  for (const [name, env] of [
    ['worker', {}],
    ['api', { ...named, TEMPORAL_NAMESPACE: 'elsewhere' }],
  ] as const)
    await expect(startProcess(second.testbed, name, env)).rejects.toThrow(
      /ended \(4\)[^]*belongs to installation payments in namespace/,
    );
});

test('a worker of an operation’s own queue serves both', async () => {
  const connection = await NativeConnection.connect({ address: first.testbed.temporalAddress });
  const told: string[] = [];
  const team = await Worker.create({
    ...{ connection, namespace: first.testbed.namespace, taskQueue: closeAccount.worker.taskQueue },
    activities: {
      read_account: () => ({
        ...{ requestId: 'read', snapshot: { owner: 'Alpha', state: 'open' }, refusal: null },
        ...{ achieved: false, identity: { owner: 'Alpha' } },
      }),
      close_account: ({ changeId }: { changeId: string }) => {
        told.push(changeId);
        return { requestId: 'call', output: { receipt: 'r' } };
      },
    },
  });
  await team.runUntil(async () => {
    for (const each of [first, second]) {
      const { id } = await each.users.alice.post<{ id: string }>('/v1/changes', {
        operation: 'CloseAccount',
        input: { region: 'eu', account: 'A-1' },
        justification: 'the customer has left',
      });
      await decide(each.users.bob, await each.asked(id));
      expect(await each.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
      expect(told.at(-1)).toBe(id);
      expect(await queueOf(`driver-${id}`)).toBe(each.name);
    }
  });
  await connection.close();
});
