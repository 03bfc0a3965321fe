import type { WorkflowHandle, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { closeOrphans } from '../../activities/close-orphans.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { makePool } from '../../store/pool.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { approvalRequest, startHost } from '../support/host.ts';
import type { FirstRun, Heard, HeardInScopes } from '../support/host-workflows.ts';
import { replayAll, saveHistory, saveHostHistory } from '../support/replay.ts';
import { resetRun } from '../support/reset.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, entriesOf } from '../support/steps.ts';

/* A host that asks under a key: whatever becomes of its run, people are asked once, and the call is made once. */

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let host: Awaited<ReturnType<typeof startHost>>;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers, host] = await Promise.all([
    startApi(testbed),
    startWorkers(testbed, { linkOf: (id) => `https://console.example/changes/${id}` }),
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

const listed = async (sn: string) => (await api.users.bob.list(new URLSearchParams({ sn }))).items;
const told = (handle: WorkflowHandle) =>
  eventually(async () => (await handle.query<{ id: string; url: string | null } | null>('told')) ?? null);
const shown = (id: string) => changeThat(api.users.bob, id, (c) => c.digest !== null);
const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);

/** A host whose change is open and shown. */
async function started(firstRun: FirstRun, more: object = {}) {
  const sn = await testbed.certificate();
  const handle = await host.startRetried(
    'keyed',
    approvalRequest(sn, { key: 'the line', ...more }),
    firstRun,
  );
  const id = await eventually(async () => (await listed(sn))[0]?.id ?? null);
  return { sn, handle, change: await shown(id) };
}

/** Waits until the change's workflow has asked whether its host goes on. */
async function isHandedOver(id: string): Promise<void> {
  const change = testbed.client.workflow.getHandle(`change-${id}`);
  await eventually(async () => {
    const { events = [] } = await change.fetchHistory();
    const asked = events?.find(
      (e) => e.activityTaskScheduledEventAttributes?.activityType?.name === 'hostGoesOn',
    );
    return (
      events?.find(
        (e) =>
          asked && String(e.activityTaskCompletedEventAttributes?.scheduledEventId) === String(asked.eventId),
      ) ?? null
    );
  });
}

/** Whether a later run follows the change: it has been told of it. */
async function isFollowed({ workflowId, firstExecutionRunId }: WorkflowHandleWithFirstExecutionRunId) {
  const latest = host.client.workflow.getHandle(workflowId);
  await eventually(async () => ((await latest.describe()).runId === firstExecutionRunId ? null : true));
  return await told(latest);
}

async function approved(
  handle: WorkflowHandleWithFirstExecutionRunId,
  sn: string,
  change: ChangeView,
  state = 'succeeded',
) {
  await decide(api.users.bob, change);
  const heard = (await handle.result()) as Heard;
  expect(heard).toEqual({ id: change.id, failure: null, executionStatus: 'succeeded' });
  await saveHostHistory(testbed, handle.workflowId, state);
  expect(await listed(sn)).toHaveLength(1);
  expect(await testbed.calls(sn)).toHaveLength(1);
  const types = (await entriesOf(api.users.dave, change.id)).map(({ type }) => type);
  expect(types.filter((type) => type === 'change.requested')).toHaveLength(1);
  expect(types).not.toContain('change.withdrawn');
}

test('knows id and link before anybody has decided', async () => {
  const { handle, sn, change } = await started('goes on');
  expect(await told(handle)).toEqual({ id: change.id, url: `https://console.example/changes/${change.id}` });
  expect(change.decisionStatus).toBe('pending');
  await saveHostHistory(testbed, handle.workflowId, 'pending');
  await approved(handle, sn, change);
  await saveHistory(testbed, workflowIdOf(change.id), 'hosted-succeeded');
});

describe.concurrent('is taken up again by the next run', () => {
  test.each<FirstRun>(['fails', 'continues as new'])('of a host that %s', async (firstRun) => {
    const { handle, sn, change } = await started(firstRun);
    expect(await isFollowed(handle)).toEqual({
      id: change.id,
      url: `https://console.example/changes/${change.id}`,
    });
    await approved(handle, sn, change, `followed-after-it-${firstRun.replaceAll(' ', '-')}`);
  });

  test.each(['its beginning', 'its last task'] as const)('of a host that is reset to %s', async (to) => {
    const { handle, sn, change } = await started('goes on');
    await told(handle);
    await resetRun(testbed, handle, to);
    expect((await isFollowed(handle)).id).toBe(change.id);
    await approved(host.client.workflow.getHandle(handle.workflowId) as typeof handle, sn, change);
  });

  test('of a host that is reset after the end: an approval is used once', async () => {
    const { handle, sn, change } = await started('goes on');
    await approved(handle, sn, change);
    await resetRun(testbed, handle, 'its beginning');
    const again = host.client.workflow.getHandle(handle.workflowId);
    expect(await again.result()).toMatchObject({ id: change.id, executionStatus: 'succeeded' });
    expect(await testbed.calls(sn)).toHaveLength(1);
  });

  test('of a host whose change lost its workflow: it hears how the reconciler closes it', async () => {
    const { handle, sn, change } = await started('goes on');
    await testbed.client.workflow.getHandle(workflowIdOf(change.id)).terminate('by hand');
    await handle.result();
    await resetRun(testbed, handle, 'its beginning');
    // The new run of the host starts another workflow under the change's id, which is there when the reconciler looks.
    const child = testbed.client.workflow.getHandle(workflowIdOf(change.id));
    await eventually(async () => ((await child.describe()).status.name === 'RUNNING' ? true : null));
    const pool = makePool({
      connectionString: testbed.database.url('worker'),
      applicationName: 'test orphans',
    });
    const warned: object[] = [];
    const log = { warn: (what: object) => void warned.push(what) };
    await closeOrphans({ pool, client: testbed.client, namespace: testbed.namespace, log, restMs: 0 });
    await pool.end();
    expect(warned).toContainEqual({ changeId: change.id, status: 'TERMINATED' });
    const again = host.client.workflow.getHandle(handle.workflowId);
    expect(await again.result()).toEqual({
      id: change.id,
      failure: 'not_approved',
      executionStatus: 'not_started',
    });
    expect((await ended(change.id)).outcome).toMatchObject({
      code: 'workflow_ended',
      message: 'its workflow ended as TERMINATED',
    });
    expect(await listed(sn)).toHaveLength(1);
  });
});

describe.concurrent('a key', () => {
  test('within one run is the same change', async () => {
    const sn = await testbed.certificate();
    const handle = await host.start('keyedTwice', approvalRequest(sn, { key: 'k' }), {});
    const id = await eventually(async () => (await listed(sn))[0]?.id ?? null);
    await decide(api.users.bob, await shown(id));
    expect(await handle.result()).toMatchObject({ id, again: id, executionStatus: 'succeeded' });
    expect(await testbed.calls(sn)).toHaveLength(1);
  });

  test('within one run with another request is refused', async () => {
    const sn = await testbed.certificate();
    const again = { justification: 'another' };
    const handle = await host.start('keyedTwice', approvalRequest(sn, { key: 'k' }), again);
    const id = await eventually(async () => (await listed(sn))[0]?.id ?? null);
    await decide(api.users.bob, await shown(id));
    expect(await handle.result()).toMatchObject({ id, again: 'key_reused' });
  });

  test('with blanks around it is a key like others', async () => {
    const { handle, sn, change } = await started('goes on', { key: ' the line ' });
    await approved(handle, sn, change);
  });

  test('of another workflow is another change', async () => {
    const [one, two] = [await started('goes on'), await started('goes on')];
    expect(one.change.id).not.toBe(two.change.id);
    await Promise.all([one.handle.cancel(), two.handle.cancel()]);
    await Promise.all([ended(one.change.id), ended(two.change.id)]);
  });
});

describe.concurrent('a key in two scopes of one run', () => {
  async function sharing() {
    const sn = await testbed.certificate();
    const handle = await host.start('keyedInScopes', approvalRequest(sn, { key: 'k' }), false);
    const id = await eventually(async () => (await listed(sn))[0]?.id ?? null);
    const change = await shown(id);
    await eventually(async () => (await heardBy(handle)).opened === 2 || null);
    return { sn, handle, change };
  }
  const heardBy = (handle: WorkflowHandle) => handle.query<HeardInScopes & { opened: number }>('heard');
  const succeeded = (id: string) => ({ id, failure: null, executionStatus: 'succeeded' });
  const bare = { id: null, failure: 'CancelledFailure', executionStatus: null };

  test('of which the second is cancelled: it stops waiting, and the change stays', async () => {
    const { sn, handle, change } = await sharing();
    await handle.signal('cancel', 'second');
    const heard = await eventually(async () => {
      const now = await heardBy(handle);
      return now.second && now;
    });
    expect(heard).toMatchObject({ first: null, second: bare });
    await decide(api.users.bob, change);
    expect(await handle.result()).toEqual({ first: succeeded(change.id), second: bare });
    await saveHostHistory(testbed, handle.workflowId, 'left-by-the-second-scope');
    expect(await testbed.calls(sn)).toHaveLength(1);
  });

  test('of which the first is cancelled: the change is withdrawn, and the second hears it', async () => {
    const { handle, change } = await sharing();
    await handle.signal('cancel', 'first');
    const end = { id: change.id, executionStatus: 'not_started' };
    expect(await handle.result()).toEqual({
      first: { ...end, failure: 'CancelledFailure' },
      second: { ...end, failure: 'not_approved' },
    });
    await saveHostHistory(testbed, handle.workflowId, 'withdrawn-by-the-first-scope');
    expect((await ended(change.id)).outcome).toMatchObject({
      code: 'host_cancelled',
      message: 'the workflow that asked for the change has cancelled the request, or has ended',
    });
  });

  test('and both are cancelled with their workflow: both hear which change was withdrawn', async () => {
    const { handle, change } = await sharing();
    await handle.cancel();
    const end = { id: change.id, failure: 'CancelledFailure', executionStatus: 'not_started' };
    // The workflow is cancelled as soon as it does anything more.
    await expect(handle.result()).rejects.toThrow();
    expect(await heardBy(handle)).toMatchObject({ first: end, second: end });
  });

  test('of which the first is cancelled before there is a change: the second asks itself', async () => {
    const sn = await testbed.certificate();
    const handle = await host.start('keyedInScopes', approvalRequest(sn, { key: 'k' }), true);
    const id = await eventually(async () => (await listed(sn))[0]?.id ?? null);
    await decide(api.users.bob, await shown(id));
    expect(await handle.result()).toEqual({ first: bare, second: succeeded(id) });
  });
});

describe.concurrent('a host that', () => {
  test('fails for good withdraws its change', async () => {
    const { handle, change } = await started('fails for good');
    await expect(handle.result()).rejects.toThrow();
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
  });

  test.each(['cancelled', 'terminated'] as const)('is %s in a later run withdraws it, too', async (how) => {
    const { handle, change } = await started('continues as new');
    await isFollowed(handle);
    const latest = host.client.workflow.getHandle(handle.workflowId);
    await (how === 'cancelled' ? latest.cancel() : latest.terminate());
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'host_cancelled' },
    });
    if (how === 'terminated') return;
    const heard = (await latest.result()) as Heard;
    await saveHostHistory(testbed, handle.workflowId, 'cancelled-and-withdrawn');
    expect(heard).toEqual({
      id: change.id,
      failure: 'CancelledFailure',
      executionStatus: 'not_started',
    });
  });

  test('has ended without asking again has its change withdrawn before the call', async () => {
    const { handle, sn, change } = await started('ends as new without asking');
    const latest = host.client.workflow.getHandle(handle.workflowId);
    await eventually(async () =>
      (await latest.describe()).runId === handle.firstExecutionRunId ? null : true,
    );
    await isHandedOver(change.id);
    await latest.signal('end');
    await expect(latest.result()).rejects.toThrow();
    await decide(api.users.bob, await shown(change.id));
    expect(await ended(change.id)).toMatchObject({
      executionStatus: 'cancelled',
      outcome: { code: 'host_cancelled' },
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('waits although it is cancelled hears what came of it', async () => {
    const { handle, sn, change } = await started('goes on', { onCancel: 'wait' });
    await told(handle);
    await handle.cancel();
    await approved(handle, sn, change, 'cancelled-and-waited');
  });

  test('waits although it is cancelled hears that people said no', async () => {
    const { handle, change } = await started('goes on', { onCancel: 'wait' });
    await told(handle);
    await handle.cancel();
    await decide(api.users.bob, change, 'reject');
    const heard = (await handle.result()) as Heard;
    await saveHostHistory(testbed, handle.workflowId, 'cancelled-and-rejected');
    expect(heard).toEqual({
      id: change.id,
      failure: 'not_approved',
      executionStatus: 'not_started',
    });
  });
});

describe.concurrent('arguments that only code without types gives', () => {
  test.each([
    ['nothing', 'invalid_request'],
    ['no operation', 'invalid_request'],
    ['an operation without a version', 'invalid_request'],
    ['another version', 'operation_out_of_step'],
    ['no input', 'invalid_request'],
    ['NaN in the input', 'invalid_request'],
    ['a Date in the input', 'invalid_request'],
    ['a bigint in the input', 'invalid_request'],
    ['a circle in the input', 'invalid_request'],
    ['no options', 'invalid_request'],
    ['no requester', 'invalid_request'],
    ['a requester without a subject', 'invalid_request'],
    ['no justification', 'invalid_request'],
    ['NaN for a clock', 'invalid_request'],
    ['NaN for the beginning', 'invalid_request'],
    ['an empty key', 'invalid_request'],
    ['a number for a key', 'invalid_request'],
    ['another word for onCancel', 'invalid_request'],
    ['no name of an installation', 'invalid_request'],
    ['a number for an installation', 'invalid_request'],
  ])('such as %s are a failure of type %s', async (given, type) => {
    const handle = await host.start('untyped', given);
    expect(await handle.result()).toMatchObject({ type });
  });

  test.each([
    ['a lone surrogate in the key', 'key: expected'],
    ['U+0000 in the key', 'key: expected'],
    ['a getter that throws', 'the request cannot be read: Error: no'],
    ['a getter that throws what throws', 'the request cannot be read'],
    ['a getter that throws a long text', 'the request cannot be read: aaa'],
    ['a getter that throws later', 'the request cannot be read: TypeError: read again'],
    ['a proxy', 'the request cannot be read: TypeError: hostile'],
    ['a proxy for the options', 'requester: expected an object'],
    ['a function toJSON', '$.input.toJSON: expected JSON, not function'],
    ['a symbol for the beginning', 'the request cannot be read: TypeError'],
    ['no end for the beginning', 'beginWithinMs: expected at most'],
    ['a text that no entry holds', 'the request has 3000'],
    ['a name that no failure holds', '$.input.aaa'],
    ['a justification that no entry holds', 'the request has 3000'],
    ['deep nesting', 'the request cannot be read: RangeError'],
    ['a misspelt option', 'justificaton: no such option'],
    ['a requester with groups', 'requester.groups: no such option'],
    ['a ticket with a state', 'ticket.state: no such option'],
    ['a member __proto__ in the input', 'input.__proto__: no such field'],
    ['a member __proto__ within the input', 'input.a.0.__proto__: no such field'],
    ['a member __proto__ in the ticket', 'ticket.__proto__: no such option'],
  ])('%s is refused and named, and no task is tried again', async (given, message) => {
    const handle = await host.start('untyped', given);
    const first = await eventually(async () => {
      const { events } = await handle.fetchHistory();
      const ended = events?.find(
        (e) => e.workflowTaskFailedEventAttributes ?? e.workflowExecutionCompletedEventAttributes,
      );
      return ended ?? null;
    });
    expect(first.workflowTaskFailedEventAttributes?.failure?.message).toBeUndefined();
    expect(await handle.result()).toMatchObject({
      type: 'invalid_request',
      message: expect.stringContaining(message) as string,
    });
  });
});
