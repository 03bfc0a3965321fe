import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GateFailure, GateOpened } from '../../domain/gate.ts';
import { gateAnswerSchema, gateFailureSchema, gateOpenedSchema } from '../../operations/gate-contract.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { failureOf, startHost } from '../support/host.ts';
import type { HeardOfGate } from '../support/host-workflows.ts';
import { replayAll, saveHistory } from '../support/replay.ts';
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

/* The gate of other languages, asked by a workflow that knows nothing of ours but its contract. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let host: Awaited<ReturnType<typeof startHost>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers, host] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, {
      linkOf: (id) => `https://console.example/changes/${id}`,
      hosts: [{ namespace: testbed.namespace, type: 'gated' }],
    }),
    startHost(testbed),
  ]);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await host.stop();
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const requester = { issuer: 'https://idp.example', subject: 'alice' };
const requestFor = (sn: string) => ({
  operation: 'ActiveCaCertificate',
  input: { regionId: 'cn-hangzhou', mqttInstanceId: instance, sn },
  justification: 'the line moves',
  requester,
});
const listed = async (sn: string) => (await api.users.bob.list(new URLSearchParams({ sn }))).items;
const found = (sn: string) => eventually(async () => (await listed(sn))[0] ?? null);
const shown = (id: string) => changeThat(api.users.bob, id, (c) => c.digest !== null);
const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);

/** A host that asks, and whose change can be decided. */
async function started(more: object = {}, own: object = {}) {
  const sn = await testbed.certificate();
  const handle = await host.start('gated', own, { ...requestFor(sn), ...more });
  const { id } = await found(sn);
  return { sn, handle, change: await shown(id) };
}
const heard = async (handle: WorkflowHandle) => (await handle.result()) as HeardOfGate;
const linkOf = (id: string) => `https://console.example/changes/${id}`;

test('an approved call answers the host, for which Temporal vouches', async () => {
  const { handle, change, sn } = await started();
  const { workflowId, firstExecutionRunId: runId } = handle;
  const vouched = { namespace: testbed.namespace, workflowId, type: 'gated' };
  expect(change.requester).toMatchObject({ ...requester, vouchedBy: vouched });
  const [requested] = await entriesOf(api.users.dave, change.id);
  expect(requested).toMatchObject({ host: { ...vouched, runId }, source: `workflow ${workflowId}` });
  await decide(api.users.bob, change);
  const { answer } = await heard(handle);
  expect(gateAnswerSchema.parse(answer)).toEqual(answer);
  expect(answer).toMatchObject({
    changeId: change.id,
    url: linkOf(change.id),
    outcome: { code: 'succeeded' },
  });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

describe.concurrent('the change is known before anybody has decided', () => {
  test('to the host, by a signal that it names', async () => {
    const { handle, change } = await started(
      { openedSignal: 'opened', key: 'line' },
      { openedSignal: 'opened' },
    );
    const told = await eventually(() => handle.query<GateOpened | null>('told'));
    expect(told).toEqual({ changeId: change.id, key: 'line', url: linkOf(change.id) });
    expect(gateOpenedSchema.parse(told)).toEqual(told);
    await saved(handle, 'pending');
    await decide(api.users.bob, change);
    await handle.result();
    await saved(handle, 'succeeded');
  });

  test('to a client, by an update of the gate', async () => {
    const { handle, change } = await started();
    const gate = await childOf(handle);
    expect(await gate.executeUpdate('opened')).toEqual({
      changeId: change.id,
      key: null,
      url: linkOf(change.id),
    });
    await decide(api.users.bob, change, 'reject');
    await handle.result();
  });
});

/** Keeps the gate's history of now. */
const saved = async (handle: WorkflowHandle, state: string) =>
  saveHistory(testbed, (await childOf(handle)).workflowId, `gate-${state}`);

/** The gate that a host has started. */
async function childOf(handle: WorkflowHandle): Promise<WorkflowHandle> {
  return await eventually(async () => {
    const { events } = await handle.fetchHistory();
    const child = events?.find((e) => e.childWorkflowExecutionStartedEventAttributes)
      ?.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    return child?.workflowId ? testbed.client.workflow.getHandle(child.workflowId) : null;
  });
}

describe.concurrent('a change that comes to nothing is a typed failure', () => {
  test('where people said no', async () => {
    const { handle, change, sn } = await started();
    await decide(api.users.bob, change, 'reject');
    const { failure } = await heard(handle);
    expect(failure).toMatchObject({
      type: 'not_approved',
      details: {
        changeId: change.id,
        url: linkOf(change.id),
        decisionStatus: 'rejected',
        executionStatus: 'not_started',
      },
    });
    expect(gateFailureSchema.parse(failure?.details)).toEqual(failure?.details);
    await saved(handle, 'rejected');
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('where the call failed', async () => {
    const { handle, change, sn } = await started();
    await testbed.fault(sn, { status: 403, code: 'NoPermission' });
    await decide(api.users.bob, change);
    expect((await heard(handle)).failure).toMatchObject({
      type: 'not_executed',
      details: { changeId: change.id, decisionStatus: 'approved', executionStatus: 'failed' },
    });
  });

  test('where another change holds the target', async () => {
    const { change, sn, handle } = await started();
    const second = await host.start('gated', {}, requestFor(sn));
    expect((await heard(second)).failure).toMatchObject({
      type: 'open_change_exists',
      details: { changeId: change.id, decisionStatus: null, errors: [] },
    });
    await handle.cancel();
    await ended(change.id);
  });
});

describe.concurrent('a host that', () => {
  test('is cancelled withdraws its change', async () => {
    const { handle, change } = await started();
    const gate = await childOf(handle);
    await handle.cancel();
    expect((await failureOf(handle))?.name).toBe('CancelledFailure');
    await saved(handle, 'cancelled');
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
    // Its end names no change; Temporal knows whose parent it was.
    const changes = `ParentWorkflowId = "${gate.workflowId}" AND WorkflowType = "change"`;
    const found = await eventually(async () => {
      const ids: string[] = [];
      for await (const { workflowId } of testbed.client.workflow.list({ query: changes }))
        ids.push(workflowId);
      return ids.length > 0 ? ids : null;
    });
    expect(found).toEqual([`change-${change.id}`]);
  });

  test('waits although its gate is cancelled hears what came of it', async () => {
    const { handle, change } = await started({ onCancel: 'wait' });
    await handle.cancel();
    await decide(api.users.bob, change);
    expect((await heard(handle)).answer).toMatchObject({ changeId: change.id });
  });

  test('is terminated, and its gate with it, withdraws its change', async () => {
    const { handle, change } = await started();
    await handle.terminate();
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
  });

  test('goes on as new under a key gets the same change, and people are asked once', async () => {
    const own = { openedSignal: 'opened', firstRun: 'continues as new' };
    const { handle, change, sn } = await started({ openedSignal: 'opened', key: 'line' }, own);
    const latest = testbed.client.workflow.getHandle(handle.workflowId);
    await eventually(async () =>
      (await latest.describe()).runId === handle.firstExecutionRunId ? null : true,
    );
    expect(await eventually(() => latest.query<GateOpened | null>('told'))).toMatchObject({
      changeId: change.id,
    });
    await decide(api.users.bob, change);
    expect((await heard(latest)).answer).toMatchObject({ changeId: change.id });
    await saved(latest, 'followed');
    expect(await listed(sn)).toHaveLength(1);
    expect(await testbed.calls(sn)).toHaveLength(1);
  });

  test('is not listed is refused', async () => {
    const handle = await host.start('bareGate', requestFor(await testbed.certificate()));
    expect(await failureOf(handle)).toMatchObject({ type: 'host_not_allowed' });
  });
});

/** Starts a gate with payloads as other SDKs may write them. */
async function startedWith(
  ...payloads: { encoding?: string; data: string | Uint8Array }[]
): Promise<WorkflowHandle> {
  const workflowId = randomUUID();
  await testbed.connection.workflowService.startWorkflowExecution({
    namespace: testbed.namespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'requireApproval' },
    taskQueue: { name: 'countersign' },
    input: {
      payloads: payloads.map(({ encoding = 'json/plain', data }) => ({
        metadata: { encoding: Buffer.from(encoding) },
        data: Buffer.from(data),
      })),
    },
  });
  return testbed.client.workflow.getHandle(workflowId);
}

const good = { ...requestFor('SN-1') };
const errorsOf = async (handle: WorkflowHandle) => {
  const failure = await failureOf(handle as never);
  expect(failure).toMatchObject({ type: 'invalid_request', nonRetryable: true });
  const [details] = (failure?.details ?? []) as [GateFailure?];
  return details?.errors.map(({ field, rule }) => `${field} ${rule}`) ?? failure?.message;
};

describe.concurrent('a request that is wrong names the member and the rule', () => {
  test.each<[string, object, string[]]>([
    ['no operation', { operation: undefined }, ['operation required']],
    ['null for a member that is needed', { justification: null }, ['justification type']],
    ['an unknown operation', { operation: 'DropTable' }, ['operation one_of']],
    ['an empty text', { key: '' }, ['key required']],
    [
      'members of nobody',
      { policy: 'mine', breakGlass: true },
      ['policy unknown_field', 'breakGlass unknown_field'],
    ],
    [
      'a requester with groups',
      { requester: { ...requester, groups: [] } },
      ['requester.groups unknown_field'],
    ],
    ['an input that is a list', { input: [1] }, ['input type']],
    ['a wrong member of the input', { input: { ...good.input, sn: 1 } }, ['input.sn type']],
    ['an unknown member of the input', { input: { ...good.input, more: 1 } }, ['input.more unknown_field']],
    [
      '__proto__ in the input',
      { input: JSON.parse('{"__proto__": {"a": 1}}') as object },
      ['input.__proto__ unknown_field'],
    ],
    ['a fraction', { decideWithinMs: 1500.5 }, ['decideWithinMs safe_integer']],
    ['a fraction in the input', { input: { ...good.input, more: 0.5 } }, ['input.more safe_integer']],
    ['another word', { onCancel: 'abandon' }, ['onCancel one_of']],
    [
      'several at once',
      { requester: {}, input: null },
      ['input type', 'requester.issuer required', 'requester.subject required'],
    ],
  ])('%s', async (_name, more, errors) => {
    const data = JSON.stringify({ ...good, ...more });
    expect(await errorsOf(await startedWith({ data }))).toEqual(errors);
  });

  test('a request that an activity could not be given', async () => {
    // With it, the arguments of the gate's own activity would be longer than Temporal takes.
    const data = (at: number) => JSON.stringify({ ...good, justification: 'a'.repeat(2_097_152 - at) });
    const rest = data(2_097_152).length;
    expect(await errorsOf(await startedWith({ data: data(rest + 100) }))).toEqual(['request max_bytes']);
    const half = { data: JSON.stringify('a'.repeat(1_048_400)) };
    expect(await errorsOf(await startedWith(half, half))).toEqual(['request type']);
  });

  test('of 5,000 wrong members, 50', async () => {
    const many = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`m${at}`, 1]));
    const errors = await errorsOf(await startedWith({ data: JSON.stringify({ ...good, ...many }) }));
    expect(errors).toHaveLength(50);
  });

  test('a number that JavaScript cannot hold', async () => {
    const data = JSON.stringify({ ...good, input: { ...good.input, more: 'N' } });
    for (const number of ['9007199254740993', '-9007199254740993', '1e400', '18446744073709551615']) {
      expect(await errorsOf(await startedWith({ data: data.replace('"N"', number) }))).toEqual([
        'input.more safe_integer',
      ]);
    }
  });

  test.each<[string, Parameters<typeof startedWith>, unknown]>([
    ['no argument', [], ['request type']],
    ['null', [{ data: 'null' }], ['request type']],
    ['an absent value', [{ encoding: 'binary/null', data: '' }], ['request type']],
    ['text', [{ data: '"ActiveCaCertificate"' }], ['request type']],
    ['several arguments', [{ data: JSON.stringify(good) }, { data: '{}' }], ['request type']],
    ['bytes', [{ encoding: 'binary/plain', data: '{}' }], expect.stringContaining('(bytes)')],
    [
      'a message of Protocol Buffers',
      [{ encoding: 'json/protobuf', data: '{}' }],
      expect.stringContaining('encoded as json/protobuf'),
    ],
    [
      'what a codec has made',
      [{ encoding: 'binary/encrypted', data: 'x' }],
      expect.stringContaining('encoded as binary/encrypted'),
    ],
    ['no JSON', [{ data: '{"input": NaN}' }], expect.stringContaining('json/plain, and no JSON')],
    ['no encoding', [{ encoding: '', data: '{}' }], expect.stringContaining('encoded as nothing')],
    [
      'deep nesting',
      [{ data: `{"input":${'['.repeat(5000)}${']'.repeat(5000)}}` }],
      expect.stringContaining('nested deeper'),
    ],
    [
      'our own word for a refusal',
      [
        {
          data: '{"countersignRefused":{"message":"x","errors":[{"field":"f","rule":"r","message":"m"},1]}}',
        },
      ],
      ['f r'],
    ],
    [
      'our own word for a refusal, and no refusal',
      [{ data: '{"countersignRefused":1}' }],
      expect.arrayContaining(['countersignRefused unknown_field']),
    ],
  ])('%s for an argument', async (_name, payloads, said) => {
    expect(await errorsOf(await startedWith(...payloads))).toEqual(said);
  });

  test('and an update that waits for its change hears it', async () => {
    const handle = await host.start('gated', {}, { ...good, operation: 'DropTable' });
    const gate = await childOf(handle);
    await gate.executeUpdate('opened').catch(() => null);
    expect((await heard(handle)).failure).toMatchObject({ type: 'invalid_request' });
    await saved(handle, 'refused');
  });
});

test('a gate that no workflow has started is refused', async () => {
  const handle = await startedWith({ data: JSON.stringify(good) });
  expect(await failureOf(handle as never)).toMatchObject({ type: 'host_not_allowed' });
});
