import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GateOpened } from '../../domain/gate.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { failureOf, startHost } from '../support/host.ts';
import type { HeardOfGate } from '../support/host-workflows.ts';
import { startNexus } from '../support/nexus.ts';
import { replayAll } from '../support/replay.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, entriesOf } from '../support/steps.ts';

/* A workflow of another namespace asks by a Nexus operation: its own namespace and type vouch for the requester. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let nexus: Awaited<ReturnType<typeof startNexus>>;
let host: Awaited<ReturnType<typeof startHost>>;

beforeAll(async () => {
  testbed = await startTestbed();
  nexus = await startNexus(testbed);
  [api, workers, host] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, {
      nexus: true,
      linkOf: (id) => `https://console.example/changes/${id}`,
      hosts: [{ namespace: nexus.namespace, type: 'gatedByNexus' }],
    }),
    startHost(testbed, { namespace: nexus.namespace }),
  ]);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await host.stop();
  await workers.stop();
  await nexus.stop();
  await api.stop();
  await testbed.stop();
});

const requestFor = (sn: string) => ({
  operation: 'ActiveCaCertificate',
  input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
  justification: 'the line moves',
  requester: { issuer: 'https://idp.example', subject: 'alice' },
});
const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);
const heard = async (handle: WorkflowHandle) => (await handle.result()) as HeardOfGate;
const told = (handle: WorkflowHandle) =>
  eventually(async () => (await handle.query<GateOpened | null>('told')) ?? null);

async function started(more: object = {}) {
  const sn = await testbed.certificate();
  const handle = await host.start('gatedByNexus', nexus.endpoint, { ...requestFor(sn), ...more });
  const { changeId } = await told(handle);
  return { sn, handle, change: await changeThat(api.users.bob, changeId, (c) => c.digest !== null) };
}

test('the operation opened is one update of the gate, however often Nexus asks', async () => {
  const { handle, change } = await started();
  const { events } = await handle.fetchHistory();
  const [gate, opened] = (events ?? []).flatMap((e) => e.nexusOperationScheduledEventAttributes ?? []);
  const history = await testbed.client.workflow.getHandle(`gate-${gate?.requestId ?? ''}`).fetchHistory();
  const updates = history.events?.flatMap((e) => e.workflowExecutionUpdateAcceptedEventAttributes ?? []);
  expect(updates?.map((update) => update.protocolInstanceId)).toEqual([opened?.requestId]);
  await decide(api.users.bob, change, 'reject');
  await handle.result();
});

test('an approved call answers the host, whose namespace vouches', async () => {
  const { handle, change, sn } = await started({ key: 'line' });
  const { workflowId, firstExecutionRunId: runId } = handle;
  const vouchedBy = { namespace: nexus.namespace, type: 'gatedByNexus', workflowId };
  expect(await told(handle)).toEqual({
    changeId: change.id,
    key: 'line',
    url: `https://console.example/changes/${change.id}`,
  });
  expect(change.requester).toMatchObject({ subject: 'alice', vouchedBy });
  const [requested] = await entriesOf(api.users.dave, change.id);
  expect(requested).toMatchObject({ host: { ...vouchedBy, runId } });
  await decide(api.users.bob, change);
  expect((await heard(handle)).answer).toMatchObject({ changeId: change.id, outcome: { code: 'succeeded' } });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

describe.concurrent('a host by Nexus', () => {
  test('hears that people said no', async () => {
    const { handle, change } = await started();
    await decide(api.users.bob, change, 'reject');
    expect((await heard(handle)).failure).toMatchObject({
      type: 'not_approved',
      details: { changeId: change.id, decisionStatus: 'rejected' },
    });
  });

  test('hears which member is wrong', async () => {
    const handle = await host.start('gatedByNexus', nexus.endpoint, {
      ...requestFor('SN-1'),
      policy: 'mine',
    });
    expect((await heard(handle)).failure).toMatchObject({ type: 'invalid_request' });
  });

  test('is cancelled, and withdraws its change', async () => {
    const { handle, change } = await started();
    await handle.cancel();
    expect((await failureOf(handle))?.name).toBe('CancelledFailure');
    expect(await ended(change.id)).toMatchObject({ outcome: { code: 'host_cancelled' } });
  });

  test.each(['a key', 'no key'])(
    'has been terminated, with %s: its change is withdrawn before its call',
    async (has) => {
      const { handle, change, sn } = await started(has === 'a key' ? { key: 'line' } : {});
      await handle.terminate();
      await decide(api.users.bob, change);
      expect(await ended(change.id)).toMatchObject({
        executionStatus: 'cancelled',
        outcome: { code: 'host_cancelled' },
      });
      expect(await testbed.calls(sn)).toEqual([]);
    },
  );

  test('is refused with a signal that it could not get', async () => {
    const request = { ...requestFor('SN-1'), openedSignal: 'opened' };
    const handle = await host.start('gatedByNexus', nexus.endpoint, request);
    expect((await heard(handle)).failure).toMatchObject({
      type: 'invalid_request',
      details: { errors: [{ field: 'openedSignal' }] },
    });
  });
});

/** Temporal's WorkflowIdConflictPolicy. */
const terminateExisting = 3 as never;

/** What a gate that was started by hand fails with, under the name and the link that a host's own gate had. */
async function failureOfForged(handle: WorkflowHandle & { readonly firstExecutionRunId: string }) {
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find((event) => event.nexusOperationScheduledEventAttributes);
  const workflowId = `gate-${scheduled?.nexusOperationScheduledEventAttributes?.requestId ?? ''}`;
  const data = Buffer.from(JSON.stringify(requestFor(await testbed.certificate())));
  const { eventId = null, eventType = null } = scheduled ?? {};
  const { runId } = await testbed.connection.workflowService.startWorkflowExecution({
    namespace: testbed.namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'requireApproval' },
    taskQueue: { name: 'countersign' },
    workflowIdConflictPolicy: terminateExisting,
    input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data }] },
    links: [
      {
        workflowEvent: {
          namespace: nexus.namespace,
          workflowId: handle.workflowId,
          runId: handle.firstExecutionRunId,
          eventRef: { eventId, eventType },
        },
      },
    ],
  });
  return await failureOf(testbed.client.workflow.getHandle(workflowId, runId) as never);
}

test.each(['has ended', 'has not ended'])(
  'the name of a gate whose operation %s is good for no other gate',
  async (what) => {
    const { handle, change } = await started();
    if (what === 'has ended') {
      await decide(api.users.bob, change, 'reject');
      await handle.result();
    }
    expect(await failureOfForged(handle)).toMatchObject({
      type: 'host_not_allowed',
      message: expect.stringContaining('another gate’s') as string,
    });
  },
);

test('a gate whose link names a workflow that has no such operation is refused', async () => {
  const { handle, change } = await started();
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find((event) => event.nexusOperationScheduledEventAttributes);
  const forged = randomUUID();
  await testbed.connection.workflowService.startWorkflowExecution({
    namespace: testbed.namespace,
    workflowId: `gate-${forged}`,
    requestId: forged,
    workflowType: { name: 'requireApproval' },
    taskQueue: { name: 'countersign' },
    input: {
      payloads: [
        {
          metadata: { encoding: Buffer.from('json/plain') },
          data: Buffer.from(JSON.stringify(requestFor(await testbed.certificate()))),
        },
      ],
    },
    links: [
      {
        workflowEvent: {
          namespace: nexus.namespace,
          workflowId: handle.workflowId,
          runId: handle.firstExecutionRunId,
          eventRef: {
            eventId: scheduled?.eventId ?? null,
            eventType: scheduled?.eventType ?? null,
          },
        },
      },
    ],
  });
  const gate = testbed.client.workflow.getHandle(`gate-${forged}`);
  expect(await failureOf(gate as never)).toMatchObject({
    type: 'host_not_allowed',
    message: expect.stringContaining('no such Nexus operation') as string,
  });
  await decide(api.users.bob, change, 'reject');
  await handle.result();
});
