import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIdOf } from '../../domain/change.ts';
import type { ChangeView } from '../../api/change-view.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import type { Testbed } from '../support/service.ts';
import { replayAll, saveHistory } from '../support/replay.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
  steps = stepsOf(api);
});
afterAll(async () => {
  // Every run that a test started is replayed with the code that made it.
  expect(await replayAll(testbed)).toBeGreaterThan(20);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

function control(id: string, action: string): Promise<ChangeView> {
  return api.users.olga.post(`/v1/changes/${id}/execution`, { action, comment: 'because' });
}
/** The types of a change's entries. */
async function story(id: string): Promise<string[]> {
  return (await entriesOf(api.users.dave, id)).map((e) => e.type);
}

describe.concurrent('a change', { timeout: 300_000 }, () => {
  test('goes from POST over an approval and two 500s to success', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { times: 2 });
    const { id } = await steps.approved(sn);
    const change = await steps.ended(id);
    expect(change).toMatchObject({ decisionStatus: 'approved', executionStatus: 'succeeded', round: 1 });
    expect(change.attempts.map((a) => [a.outcome, a.httpStatus, a.code])).toEqual([
      ['failed', 500, 'InternalError'],
      ['failed', 500, 'InternalError'],
      ['succeeded', 200, 'OK'],
    ]);
    const seen = await testbed.calls(sn);
    expect(change.attempts.map((a) => a.requestId)).toEqual(seen.map((c) => c.requestId));
    expect(await story(id)).toEqual([
      'change.requested',
      'change.prechecked',
      'decision.approved',
      'change.scheduled',
      'attempt.started',
      'attempt.failed',
      'attempt.started',
      'attempt.failed',
      'attempt.started',
      'attempt.succeeded',
      'change.closed',
    ]);
    expect(change.outcome).toMatchObject({
      code: 'succeeded',
      requestId: seen.at(-1)?.requestId,
      reconciled: false,
    });
    await saveHistory(testbed, workflowIdOf(id), 'succeeded-after-retries');
  });

  test('survives eight 500s with a small history', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { times: 8 });
    const { id } = await steps.approved(sn);
    const change = await changeThat(api.users.alice, id, (c) => c.attempts.length >= 6);
    // The waits grow to a minute: an operator may cut them short.
    for (let seen = change.attempts.length; seen < 9;) {
      await control(id, 'retry').catch(() => undefined);
      const next = await changeThat(
        api.users.alice,
        id,
        (c) => c.attempts.length > seen || c.closedAt !== null,
      );
      if (next.closedAt !== null) break;
      seen = next.attempts.length;
    }
    const end = await steps.ended(id);
    expect(end.executionStatus).toBe('succeeded');
    expect(end.attempts.map((a) => a.ordinal)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect((await testbed.calls(sn)).filter((c) => c.applied)).toHaveLength(1);
    const { events } = await testbed.client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
    expect(events?.length).toBeLessThan(120);
  });

  test.each([
    ['target_not_found', { missing: true }],
    ['already_active', { status: '1' }],
    ['certificate_expired', { validEnd: String(Date.now() - 1000) }],
  ])('is refused as %s by the precheck', async (reason, certificate) => {
    const sn = 'missing' in certificate ? `SN-${randomUUID()}` : await testbed.certificate(certificate);
    // The instance itself is known.
    if ('missing' in certificate) await testbed.certificate();
    const change = await steps.ended((await post(api.users.alice, sn)).id);
    expect(change).toMatchObject({
      decisionStatus: 'refused',
      executionStatus: 'not_started',
      outcome: { code: reason },
    });
    expect(await story(change.id)).toEqual(['change.requested', 'change.refused', 'change.closed']);
    expect(await testbed.calls(sn)).toEqual([]);
    if (reason === 'already_active') await saveHistory(testbed, workflowIdOf(change.id), 'refused');
  });

  test('is decided by another person, once, on the digest that was seen', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn, { executeAfter: inMs(3_600_000), executeBy: inMs(7_200_000) });
    expect(change.missing).toEqual([{ stage: 'approval', group: null, seats: 1, alsoFrom: [] }]);
    const other = { ...change, digest: 'f'.repeat(64) };
    expect(await codeOf(decide(api.users.alice, change))).toBe('self_approval');
    expect(await codeOf(decide(api.users.olga, change))).toBe('missing_role');
    expect(await codeOf(decide(api.users.bob, other))).toBe('digest_mismatch');
    await saveHistory(testbed, workflowIdOf(change.id), 'pending');
    const first = await decide(api.users.bob, change);
    expect(first).toMatchObject({ decisionStatus: 'approved', executionStatus: 'scheduled', missing: [] });
    const again = await decide(api.users.bob, change);
    expect(again.decisions).toHaveLength(1);
    expect(await codeOf(decide(api.users.bob, change, 'reject'))).toBe('already_decided');
    expect(await codeOf(decide(api.users.carol, change))).toBe('already_decided');
    await saveHistory(testbed, workflowIdOf(change.id), 'scheduled');
    const types = await story(change.id);
    expect(types.filter((t) => t === 'decision.refused')).toHaveLength(5);
    expect(types.filter((t) => t.startsWith('decision.approved'))).toHaveLength(1);
    await api.users.alice.post(`/v1/changes/${change.id}/withdrawal`, { comment: 'no longer needed' });
    const end = await steps.ended(change.id);
    expect(end).toMatchObject({ decisionStatus: 'withdrawn', executionStatus: 'cancelled' });
    expect(await testbed.calls(sn)).toEqual([]);
    await saveHistory(testbed, workflowIdOf(change.id), 'withdrawn');
  });

  test('ends rejected', async () => {
    const sn = await testbed.certificate();
    const { id } = await decide(api.users.carol, await steps.asked(sn), 'reject');
    const change = await steps.ended(id);
    expect(change).toMatchObject({
      decisionStatus: 'rejected',
      executionStatus: 'not_started',
      outcome: { code: 'rejected' },
    });
    expect(await codeOf(decide(api.users.bob, change))).toBe('already_decided');
    expect(await testbed.calls(sn)).toEqual([]);
    await saveHistory(testbed, workflowIdOf(id), 'rejected');
  });

  test('expires at decide-by and takes no decision after it', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn, { decideBy: inMs(15_000) });
    const end = await steps.ended(change.id);
    expect(end).toMatchObject({ decisionStatus: 'expired', outcome: { code: 'decide_by_passed' } });
    expect(await codeOf(decide(api.users.bob, change))).toBe('already_decided');
    expect(await testbed.calls(sn)).toEqual([]);
    await saveHistory(testbed, workflowIdOf(change.id), 'expired');
  });

  test('is paused between attempts, resumed, and then succeeds', async () => {
    const sn = await testbed.certificate();
    // So many that it is still at them when the operator's word comes.
    await testbed.fault(sn, { times: 6 });
    const { id } = await steps.approved(sn);
    await changeThat(api.users.alice, id, (c) => c.attempts.length >= 2);
    expect(await codeOf(api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' }))).toBe(
      'call_started',
    );
    expect(
      await codeOf(api.users.bob.post(`/v1/changes/${id}/execution`, { action: 'pause', comment: 'x' })),
    ).toBe('missing_role');
    await control(id, 'pause');
    const paused = await changeThat(api.users.alice, id, (c) => c.executionStatus === 'paused');
    await saveHistory(testbed, workflowIdOf(id), 'paused');
    await control(id, 'resume');
    const end = await steps.ended(id);
    expect(end.executionStatus).toBe('succeeded');
    expect(end.attempts.length).toBeGreaterThan(paused.attempts.length - 1);
    const entries = await entriesOf(api.users.dave, id);
    for (const type of ['change.paused', 'change.resumed']) {
      expect(entries.find((e) => e.type === type)).toMatchObject({ actor: { subject: 'olga' } });
    }
  });

  test('is paused while a call is under way, and takes its answer before it rests', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { kind: 'hang' });
    const { id } = await steps.approved(sn);
    await changeThat(api.users.alice, id, (c) => c.callUnderWay !== null);
    await control(id, 'pause');
    const paused = await changeThat(api.users.alice, id, (c) => c.attempts[0]?.outcome === 'unknown');
    expect(paused).toMatchObject({ executionStatus: 'paused', closedAt: null });
    await control(id, 'resume');
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'succeeded', outcome: { code: 'succeeded' } });
    expect(end.attempts.map((a) => a.outcome)).toEqual(['unknown', 'succeeded']);
  });

  test('may be withdrawn again in a round that follows a drift without a call', async () => {
    const sn = await testbed.certificate();
    const asked = await steps.asked(sn);
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn,
      caName: 'another line',
      status: '0',
    });
    const { id } = await decide(api.users.bob, asked);
    await changeThat(api.users.alice, id, (c) => c.round === 2);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' });
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'not_started',
    });
  });

  test('may be abandoned, and not withdrawn, in a round that follows a drift after a call', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { times: 2 });
    const asked = await steps.approved(sn);
    await changeThat(api.users.alice, asked.id, (c) => c.attempts.length > 0);
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn,
      caName: 'another line',
      status: '0',
    });
    const { id } = await changeThat(api.users.alice, asked.id, (c) => c.round === 2);
    const withdrawal = api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' });
    expect(await codeOf(withdrawal)).toBe('call_started');
    expect(await codeOf(control(id, 'pause'))).toBe('not_approved');
    await control(id, 'abandon');
    const end = await steps.ended(id);
    expect(end).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'failed',
      outcome: { code: 'abandoned' },
    });
    expect((await testbed.calls(sn)).filter((c) => c.applied)).toEqual([]);
    // The target is free again.
    expect((await steps.asked(sn)).decisionStatus).toBe('pending');
  });

  test('is abandoned by an operator and says how its last call ended', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { times: 50 });
    const { id } = await steps.approved(sn);
    await changeThat(api.users.alice, id, (c) => c.attempts.length >= 2);
    await control(id, 'abandon');
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'abandoned' } });
    expect((await testbed.calls(sn)).filter((c) => c.applied)).toEqual([]);
    await saveHistory(testbed, workflowIdOf(id), 'abandoned');
  });

  test('fails when execute-by passes during retries', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { times: 50 });
    const { id } = await steps.approved(sn, { decideBy: inMs(14_000), executeBy: inMs(15_000) });
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'execute_by_passed' } });
    expect(end.attempts.length).toBeGreaterThan(1);
    await saveHistory(testbed, workflowIdOf(id), 'failed-at-execute-by');
  });

  test('ends outcome_unknown when a call was lost and the target cannot be read', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { kind: 'hang' });
    const { id } = await steps.approved(sn, { decideBy: inMs(14_000), executeBy: inMs(15_000) });
    await eventually(async () => ((await testbed.calls(sn)).length === 1 ? true : null));
    // While the call hangs: no read after it succeeds.
    await testbed.control('POST', '/_sim/faults', {
      action: 'GetCaCertificate',
      sn,
      times: 500,
      status: 503,
      code: 'ServiceUnavailable',
    });
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'outcome_unknown', outcome: { code: 'outcome_unknown' } });
    expect(end.attempts.map((a) => a.outcome)).toEqual(['unknown']);
    await saveHistory(testbed, workflowIdOf(id), 'outcome-unknown');
  });

  test.each([
    ['appliedThen500', 1],
    ['hangAfterApply', 1],
    ['resetAfterApply', 1],
  ])(
    'applied but answered otherwise (%s) ends succeeded, reconciled, with one effect',
    async (kind, attempts) => {
      const sn = await testbed.certificate();
      await testbed.fault(sn, { kind });
      const { id } = await steps.approved(sn);
      const end = await steps.ended(id);
      expect(end).toMatchObject({
        executionStatus: 'succeeded',
        outcome: { code: 'succeeded', reconciled: true },
      });
      expect(end.attempts).toHaveLength(attempts);
      expect(await testbed.calls(sn)).toHaveLength(1);
      expect(await story(id)).toContain('change.reconciled');
      expect(end.attempts[0]?.requestId ?? null).toBe(
        kind === 'appliedThen500' ? (await testbed.calls(sn))[0]?.requestId : null,
      );
      if (kind === 'appliedThen500') await saveHistory(testbed, workflowIdOf(id), 'reconciled');
    },
  );

  test.each(['hang', 'reset', 'html', 'empty', 'truncated', 'otherSn'])('outlives a %s', async (kind) => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { kind });
    const { id } = await steps.approved(sn);
    const end = await steps.ended(id);
    expect(end.executionStatus).toBe('succeeded');
    expect(end.attempts[0]).toMatchObject({ outcome: 'unknown', class: 'unknown' });
    expect((await testbed.calls(sn)).filter((c) => c.applied).length).toBeLessThanOrEqual(1);
  });

  test.each([
    [403, 'PermissionCheckFailed'],
    [403, 'MqttOwnerCheckError'],
    [400, 'ParameterFieldCheckFailed'],
    [400, 'FindCaBySnError'],
    [400, 'MqttInstanceNotFound'],
  ])('fails for good on %d %s', async (status, vendorCode) => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { status, code: vendorCode });
    const { id } = await steps.approved(sn);
    const end = await steps.ended(id);
    const [call] = await testbed.calls(sn);
    expect(end).toMatchObject({
      executionStatus: 'failed',
      outcome: { code: vendorCode, requestId: call?.requestId },
    });
    expect(end.attempts.map((a) => a.class)).toEqual(['permanent']);
    if (vendorCode === 'PermissionCheckFailed') await saveHistory(testbed, workflowIdOf(id), 'failed');
  });

  test('repeats a doubtful 500 five times and no more', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { status: 500, code: 'FindCaBySnError', times: 50 });
    const { id } = await steps.approved(sn);
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'FindCaBySnError' } });
    expect(await testbed.calls(sn)).toHaveLength(5);
  });

  test.each([
    [417, 'InternalError', 'transient'],
    [403, 'SystemOverFlow', 'throttled'],
    [429, 'Throttling.User', 'throttled'],
    [503, 'ServiceUnavailable', 'transient'],
  ])('retries %d %s', async (status, vendorCode, faultClass) => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { status, code: vendorCode });
    const end = await steps.ended((await steps.approved(sn)).id);
    expect(end.executionStatus).toBe('succeeded');
    expect(end.attempts.map((a) => a.class)).toEqual([faultClass, null]);
  });

  test('asks again when the target has drifted since the approval', async () => {
    const sn = await testbed.certificate();
    const change = await steps.approved(sn, { executeAfter: inMs(4000) });
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn,
      caName: 'another line',
      status: '0',
    });
    const again = await changeThat(
      api.users.alice,
      change.id,
      (c) => c.round === 2 && c.decisionStatus === 'pending',
    );
    expect(again.digest).not.toBe(change.digest);
    expect(again.decisions.map((d) => d.counts)).toEqual([false]);
    expect(await testbed.calls(sn)).toEqual([]);
    expect(await codeOf(decide(api.users.bob, change))).toBe('digest_mismatch');
    await saveHistory(testbed, workflowIdOf(change.id), 'drifted');
    await decide(api.users.bob, again);
    expect((await steps.ended(change.id)).executionStatus).toBe('succeeded');
    expect(await story(change.id)).toContain('change.drifted');
  });

  test('is refused when somebody else has activated the target meanwhile', async () => {
    const sn = await testbed.certificate();
    const { id } = await steps.approved(sn, { executeAfter: inMs(4000) });
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: instance,
      sn,
      caName: 'line',
      status: '1',
    });
    const end = await steps.ended(id);
    expect(end).toMatchObject({ decisionStatus: 'refused', outcome: { code: 'already_active' } });
    expect(await testbed.calls(sn)).toEqual([]);
  });
});
