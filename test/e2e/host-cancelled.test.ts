import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Change } from '../../domain/change.ts';
import { approvalRequest, failureOf } from '../support/host.ts';
import { startHosting } from '../support/hosting.ts';
import type { Hosting } from '../support/hosting.ts';
import { codeOf, decide, entriesOf, stepsOf } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually } from '../support/service.ts';

/* A host that is cancelled: what was not called is withdrawn at once, and of a call it hears what came of it. */

let hosting: Hosting;
let testbed: Hosting['testbed'];
let api: Hosting['api'];
let host: Hosting['host'];

beforeAll(async () => {
  hosting = await startHosting();
  ({ testbed, api, host } = hosting);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(1);
  await hosting.stop();
});

async function asked(sn: string) {
  const handle = await host.start('requireApproval', approvalRequest(sn));
  return { handle, change: await hosting.asked(sn) };
}

const ended = (id: string) => changeThat(api.users.bob, id, (c) => c.closedAt !== null);
const typesOf = async (id: string) => (await entriesOf(api.users.dave, id)).map((e) => e.type);

async function isFree(sn: string): Promise<void> {
  const { id } = await stepsOf(api).asked(sn);
  await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'only asked' });
}

/** What a host heard; the change is in its details. */
async function heard(handle: WorkflowHandleWithFirstExecutionRunId) {
  const failure = await failureOf(handle);
  const details = failure instanceof ApplicationFailure ? failure.details : undefined;
  return { failure, change: details?.[0] as Change | undefined };
}

describe.concurrent('while its change waits for people', () => {
  test.each(['cancelled', 'terminated'] as const)('a host that is %s withdraws it at once', async (how) => {
    const sn = await testbed.certificate();
    const { handle, change } = await asked(sn);
    const began = Date.now();
    await (how === 'cancelled' ? handle.cancel() : handle.terminate('by hand'));
    expect(await ended(change.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'not_started',
      outcome: { code: 'host_cancelled' },
    });
    expect(Date.now() - began).toBeLessThan(20_000);
    if (how === 'cancelled') expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
    const entries = await entriesOf(api.users.dave, change.id);
    expect(entries.map((e) => e.type)).toEqual([
      'change.requested',
      'change.prechecked',
      'change.withdrawn',
      'change.closed',
    ]);
    expect(entries[2]).toMatchObject({
      actor: { process: 'worker' },
      code: 'host_cancelled',
      host: { workflowId: handle.workflowId, type: 'requireApproval' },
    });
    await isFree(sn);
  });

  test('a change of the API whose workflow is cancelled by hand is withdrawn, too', async () => {
    const sn = await testbed.certificate();
    const { id } = await stepsOf(api).asked(sn);
    await testbed.client.workflow.getHandle(`change-${id}`).cancel();
    expect(await ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      outcome: { code: 'workflow_cancelled' },
    });
    await isFree(sn);
  });
});

describe.concurrent('once it is approved', () => {
  async function askedFor() {
    const sn = await testbed.certificate();
    return { sn, ...(await asked(sn)) };
  }
  async function calling(...faults: object[]) {
    const sn = await testbed.certificate();
    for (const fault of faults) await testbed.fault(sn, fault);
    const { handle, change } = await asked(sn);
    await decide(api.users.bob, change);
    return { sn, handle, id: change.id };
  }
  const underWay = (id: string) =>
    changeThat(api.users.bob, id, ({ attempts }) => attempts.some(({ sentAt }) => sentAt !== null));

  test('a call that is under way is waited for, and its success is told as a failure with the change', async () => {
    const { sn, handle, id } = await calling({ kind: 'pass', delayMs: 2500 });
    await underWay(id);
    await handle.cancel();
    const { failure, change } = await heard(handle);
    expect(failure).toMatchObject({ type: 'call_started', nonRetryable: true });
    expect(change).toMatchObject({ id, executionStatus: 'succeeded' });
    expect(await testbed.calls(sn)).toHaveLength(1);
    expect(await ended(id)).toMatchObject({ decisionStatus: 'approved', executionStatus: 'succeeded' });
  });

  test('a call that fails is not made again', async () => {
    const answer = { kind: 'error', delayMs: 2000 };
    const { sn, handle, id } = await calling(answer, answer, answer);
    await underWay(id);
    await handle.cancel();
    const { failure, change } = await heard(handle);
    expect(failure).toMatchObject({ type: 'not_executed' });
    expect(change).toMatchObject({ id, executionStatus: 'failed', outcome: { code: 'host_cancelled' } });
    expect(await testbed.calls(sn)).toHaveLength(1);
    expect(await typesOf(id)).toContain('change.abandoned');
  });

  test('while the target is read before the call, it is withdrawn and not called', async () => {
    const { sn, handle, change: asking } = await askedFor();
    await testbed.control('POST', '/_sim/faults', {
      action: 'GetCaCertificate',
      sn,
      kind: 'pass',
      delayMs: 2000,
    });
    await decide(api.users.bob, asking);
    await changeThat(api.users.bob, asking.id, (c) => c.decisionStatus === 'approved');
    await handle.cancel();
    expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
    expect(await ended(asking.id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'cancelled',
      outcome: { code: 'host_cancelled' },
    });
    expect((await typesOf(asking.id)).slice(-2)).toEqual(['change.withdrawn', 'change.closed']);
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('what an operator says meanwhile is answered', async () => {
    const { handle, id } = await calling({ kind: 'pass', delayMs: 4000 });
    await underWay(id);
    await handle.cancel();
    const said = codeOf(
      api.users.olga.post(`/v1/changes/${id}/execution`, { action: 'abandon', comment: 'stop' }),
    );
    expect([null, 'change_closed']).toContain(await said);
    expect((await heard(handle)).change).toMatchObject({ id, executionStatus: 'succeeded' });
  });
});

// The freeze is for every change on the instance.
test('before the call it is withdrawn', async () => {
  const sn = await testbed.certificate();
  const freeze = await api.users.adam.post<{ id: string }>('/v1/freezes', {
    mqttInstanceId: 'post-cn-test00001',
    regionId: 'cn-hangzhou',
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    reason: 'held',
  });
  const { handle, change } = await asked(sn);
  await decide(api.users.bob, change);
  await changeThat(api.users.bob, change.id, (c) => c.executionStatus === 'scheduled');
  await eventually(async () => ((await typesOf(change.id)).includes('change.held') ? true : null));
  await handle.cancel();
  expect(await ended(change.id)).toMatchObject({
    decisionStatus: 'withdrawn',
    executionStatus: 'cancelled',
    outcome: { code: 'host_cancelled' },
  });
  expect(await failureOf(handle)).toBeInstanceOf(CancelledFailure);
  expect(await testbed.calls(sn)).toEqual([]);
  await api.users.adam.delete(`/v1/freezes/${freeze.id}`);
});
