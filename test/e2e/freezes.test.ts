import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mayHaveBeenSent } from '../../domain/attempt.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { onePolicy } from '../../policies/load.ts';
import type { Freeze, FreezeOverride } from '../../domain/freeze.ts';
import {
  changeThat,
  eventually,
  instance,
  startApi,
  startTestbed,
  startWorkers,
} from '../support/service.ts';
import { honest } from '../support/honest.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import type { Testbed } from '../support/service.ts';
import { replayAll, saveHistory } from '../support/replay.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

/** Members of `security` may override; there is no window. */
const policy = honest({
  ...fourEyes,
  freezeOverride: { group: 'security' },
  groups: { security: { source: 'token' } },
});

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([
    startApi(testbed, { policies: onePolicy(policy) }),
    startWorkers(testbed, { gateLongestMs: 1000 }),
  ]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await replayAll(testbed)).toBeGreaterThan(5);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

/** A certificate on an instance that no other test's freeze holds. */
async function target() {
  const mqttInstanceId = `${instance}-${randomUUID().slice(0, 8)}`;
  const sn = await testbed.certificate({ mqttInstanceId });
  return { sn, input: { regionId: 'cn-hangzhou', mqttInstanceId, sn } };
}
function freeze(mqttInstanceId: string, more: object = {}): Promise<Freeze> {
  return api.users.adam.post<Freeze>('/v1/freezes', { reason: 'the great sale', mqttInstanceId, ...more });
}
function lift({ id }: Freeze): Promise<Freeze> {
  return api.users.adam.delete<Freeze>(`/v1/freezes/${id}`);
}
function control(id: string, action: string) {
  return api.users.olga.post(`/v1/changes/${id}/execution`, { action, comment: 'because' });
}
async function story(id: string): Promise<string[]> {
  return (await entriesOf(api.users.dave, id)).map((e) => e.type);
}
/** Waits until the change rests in the gate, so often. */
function held(id: string, times = 1) {
  return eventually(async () => {
    const entries = await api.users.dave.events(id);
    if (entries.filter((e) => e.type === 'change.held').length < times) return null;
    return await api.users.alice.change(id);
  });
}

describe.concurrent('a freeze', { timeout: 300_000 }, () => {
  test('holds an approved change before its call; lifted, the change goes on', async () => {
    const { sn, input } = await target();
    const frozen = await freeze(input.mqttInstanceId);
    const { id } = await steps.approved(sn, { input });
    await held(id);
    expect((await api.users.alice.change(id)).waitsFor).toEqual({
      kind: 'freeze',
      reason: 'the great sale',
      until: null,
      freezeId: frozen.id,
    });
    await saveHistory(testbed, workflowIdOf(id), 'held');
    expect(await testbed.calls(sn)).toEqual([]);
    await lift(frozen);
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'succeeded', waitsFor: null });
    expect(await testbed.calls(sn)).toHaveLength(1);
    expect(await story(id)).toEqual([
      'change.requested',
      'change.prechecked',
      'decision.approved',
      'change.scheduled',
      'change.held',
      'attempt.started',
      'attempt.succeeded',
      'change.closed',
    ]);
    const entry = (await entriesOf(api.users.dave, id)).find((e) => e.type === 'change.held');
    expect(entry).toMatchObject({ held: { kind: 'freeze', freezeId: frozen.id, until: null } });
  });

  test('between two 500s stops the calls; lifted, they go on', async () => {
    const { sn, input } = await target();
    await testbed.fault(sn, { times: 4 });
    const { id } = await steps.approved(sn, { input });
    await changeThat(api.users.alice, id, (c) => c.attempts.length >= 2);
    const frozen = await freeze(input.mqttInstanceId);
    await held(id);
    const calls = await testbed.calls(sn);
    // A call has been made, so it is too late to withdraw.
    expect(await codeOf(api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' }))).toBe(
      'call_started',
    );
    const handle = testbed.client.workflow.getHandle(workflowIdOf(id));
    const asked = async (times: number) => {
      const { raw } = await handle.describe();
      const gate = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'gate');
      return (gate?.attempt ?? 0) >= times ? true : null;
    };
    await eventually(() => asked(2));
    const before = (await handle.fetchHistory()).events?.length;
    // Two more rounds of the gate: no call, and nothing in the history.
    await eventually(() => asked(4));
    expect(await testbed.calls(sn)).toHaveLength(calls.length);
    expect((await handle.fetchHistory()).events?.length).toBe(before);
    await lift(frozen);
    const end = await steps.ended(id);
    expect(end.executionStatus).toBe('succeeded');
    expect(end.attempts.filter(mayHaveBeenSent).length).toBe((await testbed.calls(sn)).length);
    expect(end.attempts.length).toBeGreaterThan(calls.length);
  });

  test('a frozen change is withdrawn before any call', async () => {
    const { sn, input } = await target();
    await freeze(input.mqttInstanceId);
    const { id } = await steps.approved(sn, { input });
    await held(id);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'not now' });
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'cancelled',
      attempts: [],
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('an operator pauses, resumes and abandons a frozen change', async () => {
    const { sn, input } = await target();
    await freeze(input.mqttInstanceId);
    const { id } = await steps.approved(sn, { input });
    await held(id);
    await control(id, 'pause');
    await changeThat(api.users.alice, id, (c) => c.executionStatus === 'paused');
    await control(id, 'resume');
    await changeThat(api.users.alice, id, (c) => c.executionStatus === 'scheduled');
    await control(id, 'abandon');
    expect(await steps.ended(id)).toMatchObject({
      executionStatus: 'cancelled',
      outcome: { code: 'abandoned' },
      attempts: [],
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('that outlasts execute-by ends the change without a call, and the outcome says why', async () => {
    const { sn, input } = await target();
    await freeze(input.mqttInstanceId, { endsAt: inMs(3_600_000) });
    const { id } = await steps.approved(sn, { input, decideBy: inMs(14_000), executeBy: inMs(15_000) });
    const end = await steps.ended(id);
    expect(end).toMatchObject({
      decisionStatus: 'approved',
      executionStatus: 'cancelled',
      outcome: { code: 'execute_by_passed', message: expect.stringContaining('the great sale') as string },
      attempts: [],
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('that begins after a 500 and outlasts execute-by ends the change as what its calls came to', async () => {
    const { sn, input } = await target();
    await testbed.fault(sn, { times: 50 });
    const { id } = await steps.approved(sn, { input, decideBy: inMs(14_000), executeBy: inMs(15_000) });
    await changeThat(api.users.alice, id, (c) => c.attempts.some(({ httpStatus }) => httpStatus === 500));
    await freeze(input.mqttInstanceId);
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'execute_by_passed' } });
    expect(end.attempts.map((a) => a.outcome)).not.toContain('succeeded');
    expect(end.attempts.filter(mayHaveBeenSent).length).toBe((await testbed.calls(sn)).length);
  });

  test('is overridden by whom the policy names, for one change and one digest', async () => {
    const { sn, input } = await target();
    const frozen = await freeze(input.mqttInstanceId);
    const { id, digest } = await steps.approved(sn, { input });
    await held(id);
    const body = { changeId: id, digest, comment: 'devices are down' };
    const path = `/v1/freezes/${frozen.id}/overrides`;
    expect(await codeOf(api.users.bob.post(path, body))).toBe('not_an_approver');
    expect(await testbed.calls(sn)).toEqual([]);
    await api.users.frank.post<FreezeOverride>(path, body);
    expect(await steps.ended(id)).toMatchObject({ executionStatus: 'succeeded' });
    expect(await story(id)).toContain('freeze.overridden');
  });

  test('does not keep a drift from being seen: the new round is not covered by the old override', async () => {
    const { sn, input } = await target();
    const frozen = await freeze(input.mqttInstanceId);
    const { id, digest } = await steps.approved(sn, { input });
    await held(id);
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: input.mqttInstanceId,
      sn,
      caName: 'another line',
      status: '0',
    });
    await api.users.frank.post(`/v1/freezes/${frozen.id}/overrides`, {
      changeId: id,
      digest,
      comment: 'go',
    });
    const again = await changeThat(api.users.alice, id, (c) => c.round === 2);
    await decide(api.users.bob, again);
    await held(id, 2);
    expect(await testbed.calls(sn)).toEqual([]);
    await api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: '' });
    expect((await steps.ended(id)).executionStatus).toBe('cancelled');
  });
});

describe.concurrent('a window', { timeout: 300_000 }, () => {
  test('that opens later lets the change run then, and not before', async () => {
    const alone = await startTestbed();
    // Windows open with a minute: the clock of this API and these workers is sent ahead to shortly before.
    const opens = Math.ceil(Date.now() / 60_000 + 30) * 60_000;
    let ahead = 0;
    const now = () => Date.now() + ahead;
    const minute = new Date(opens).getUTCMinutes();
    const windows = [{ cron: `${minute} * * * *`, durationMinutes: 5, timeZone: 'UTC', holidays: [] }];
    const [its, itsWorkers] = await Promise.all([
      startApi(alone, { policies: onePolicy(honest({ ...policy, windows })), now }),
      startWorkers(alone, { gateLongestMs: 1000, now }),
    ]);
    const { asked, ended } = stepsOf(its);
    const change = await asked(await alone.certificate());
    ahead = opens - 15_000 - Date.now();
    const { id } = await decide(its.users.bob, change);
    const end = await ended(id);
    const waited = (await its.users.dave.events(id)).find(({ type }) => type === 'change.held');
    expect(waited).toMatchObject({ held: { kind: 'window', until: new Date(opens).toISOString() } });
    expect(end.executionStatus).toBe('succeeded');
    expect(Date.parse(end.attempts[0]?.startedAt ?? '')).toBeGreaterThanOrEqual(opens);
    await itsWorkers.stop();
    await its.stop();
    await alone.stop();
  });

  test('that never opens in time ends the change without a call', async () => {
    const windows = [{ cron: '0 0 29 2 *', durationMinutes: 1, timeZone: 'UTC', holidays: [] }];
    const other = await startApi(testbed, { policies: onePolicy(honest({ ...policy, windows })) });
    const { sn, input } = await target();
    const { id } = await stepsOf(other).approved(sn, {
      input,
      decideBy: inMs(14_000),
      executeBy: inMs(15_000),
    });
    expect(await steps.ended(id)).toMatchObject({
      executionStatus: 'cancelled',
      outcome: { code: 'execute_by_passed', message: expect.stringContaining('window') as string },
    });
    expect(await testbed.calls(sn)).toEqual([]);
    await other.stop();
  });
});
