import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChangeView } from '../../api/change-view.ts';
import { createEngine } from '../../api/engine.ts';
import { mayHaveBeenSent } from '../../domain/attempt.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { codeOf, decide, entriesOf, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { PROJECT_HOME, SEARCH_ATTRIBUTES } from '../support/stack.ts';
import { startTemporal } from '../../embedded/temporal.ts';

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
  expect(await replayAll(testbed)).toBeGreaterThan(5);
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

const control = (id: string, action: string, by = api.users.olga): Promise<ChangeView> =>
  by.post(`/v1/changes/${id}/execution`, { action, comment: `the plant asked to ${action}` });
const withdraw = (id: string): Promise<ChangeView> =>
  api.users.alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'no longer needed' });

/** Approved, while the read before the call takes its time. */
async function inSlowRead(): Promise<{ id: string; sn: string }> {
  const sn = await testbed.certificate();
  const change = await steps.asked(sn);
  await testbed.slowRead(sn, 2500);
  await decide(api.users.bob, change);
  await testbed.untilScriptTaken(sn);
  return { id: change.id, sn };
}

/** Clocks by which an approved change waits for a long time. */
const later = (): object => ({
  executeAfter: inMs(3_600_000),
  executeBy: inMs(7_200_000),
  decideBy: inMs(1_800_000),
});
const retryOf = { action: 'retry', comment: 'now' };

/** Approved and held by its earliest moment, far away. */
async function waiting(): Promise<{ id: string; sn: string }> {
  const sn = await testbed.certificate();
  const { id } = await steps.approved(sn, later());
  return { id, sn };
}

describe.concurrent('a word that comes while the target is read before the call', () => {
  test.each(['abandon', 'pause'])('%s: nothing begins after it', async (action) => {
    const { id, sn } = await inSlowRead();
    const said = await control(id, action);
    expect(said.callUnderWay).toBeNull();
    if (action === 'pause') {
      // Long after the read.
      await new Promise((resolve) => setTimeout(resolve, 5000));
      expect(await api.users.alice.change(id)).toMatchObject({ executionStatus: 'paused', closedAt: null });
      expect(await testbed.calls(sn)).toEqual([]);
      await control(id, 'abandon');
    }
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'cancelled', outcome: { code: 'abandoned' } });
    expect(await testbed.calls(sn)).toEqual([]);
    expect(end.attempts.filter(mayHaveBeenSent)).toEqual([]);
    const types = (await entriesOf(api.users.dave, id)).map(({ type }) => type);
    expect(types).toContain('stop.requested');
  });

  test('withdrawal: what has not begun can be withdrawn', async () => {
    const { id, sn } = await inSlowRead();
    await withdraw(id);
    expect(await steps.ended(id)).toMatchObject({
      decisionStatus: 'withdrawn',
      executionStatus: 'cancelled',
      outcome: { code: 'withdrawn' },
    });
    expect(await testbed.calls(sn)).toEqual([]);
  });

  test('a freeze that is declared now', async () => {
    const { id, sn } = await inSlowRead();
    const { input } = await api.users.alice.change(id);
    const freeze = await api.users.adam.post<{ id: string; callsUnderWay: unknown[] }>('/v1/freezes', {
      reason: 'the plant asked',
      mqttInstanceId: input.mqttInstanceId as string,
    });
    try {
      await changeThat(api.users.alice, id, (c) => c.waitsFor?.freezeId === freeze.id);
      await new Promise((resolve) => setTimeout(resolve, 4000));
      expect(await testbed.calls(sn)).toEqual([]);
      await control(id, 'abandon');
      expect((await steps.ended(id)).executionStatus).toBe('cancelled');
    } finally {
      await api.users.adam.delete(`/v1/freezes/${freeze.id}`);
    }
  });
});

describe('a call that is under way', () => {
  async function underWay(): Promise<{ id: string; sn: string }> {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { kind: 'error', delayMs: 2500 });
    const { id } = await steps.approved(sn);
    await changeThat(api.users.alice, id, (c) => c.callUnderWay !== null);
    return { id, sn };
  }

  test('refuses a withdrawal and is named in it', async () => {
    const { id } = await underWay();
    const refused = await withdraw(id).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'call_started', extra: { callUnderWay: 1 } });
    await control(id, 'abandon');
    await steps.ended(id);
  });

  test('is named when the change is abandoned, and is the last', async () => {
    const { id, sn } = await underWay();
    expect((await control(id, 'abandon')).callUnderWay).toMatchObject({ attempt: 1 });
    const end = await steps.ended(id);
    expect(end).toMatchObject({ executionStatus: 'failed', outcome: { code: 'abandoned' } });
    expect(await testbed.calls(sn)).toHaveLength(1);
  });
});

describe.concurrent('what is final', () => {
  test.each(['retry', 'pause', 'resume', 'abandon'])(
    'abandoned, then %s: refused, and it ends',
    async (word) => {
      const sn = await testbed.certificate();
      await testbed.fault(sn, { kind: 'error', times: 50, delayMs: 700 });
      const { id } = await steps.approved(sn);
      await changeThat(api.users.alice, id, (c) => c.attempts.length >= 2);
      const words = await Promise.all([
        codeOf(control(id, 'abandon')),
        // Whichever is first: what comes after the abandoning is refused.
        eventually(async () =>
          (await api.users.alice.change(id)).stop?.action === 'abandon' ? true : null,
        ).then(() => codeOf(control(id, word))),
      ]);
      expect(words[0]).toBeNull();
      // The same word by the same person is answered as before.
      const expected = word === 'abandon' ? [null, 'change_closed'] : ['already_stopped', 'change_closed'];
      expect(expected).toContain(words[1]);
      const end = await steps.ended(id);
      expect(end.outcome?.code).toBe('abandoned');
    },
  );

  test('two operators abandon, pause and retry at once: one story, and an end', async () => {
    const sn = await testbed.certificate();
    await testbed.fault(sn, { kind: 'error', times: 50 });
    const { id } = await steps.approved(sn);
    await changeThat(api.users.alice, id, (c) => c.attempts.length >= 1);
    await Promise.all(
      ['pause', 'retry', 'abandon', 'resume', 'retry', 'pause'].map((w) => codeOf(control(id, w))),
    );
    const end = await steps.ended(id);
    expect(end.outcome?.code).toBe('abandoned');
    const entries = await entriesOf(api.users.dave, id);
    const stopped = entries.findIndex((e) => e.type === 'change.abandoned');
    expect(entries.slice(stopped + 1).map((e) => e.type)).not.toContain('change.retried');
  });
});

describe('an engine', () => {
  test('that is away: the word stands, nothing is called, and the change ends when it is back', async () => {
    const { id, sn } = await waiting();
    const nowhere = new Client({
      connection: Connection.lazy({ address: '127.0.0.1:1' }),
      namespace: testbed.namespace,
    });
    const cut = await startApi(testbed, { engine: createEngine(nowhere, 1000) });
    const said = await cut.users.olga.post<ChangeView>(`/v1/changes/${id}/execution`, {
      action: 'abandon',
      comment: 'stop',
    });
    await cut.stop();
    expect(said.stop).toMatchObject({ action: 'abandon', by: { subject: 'olga' } });
    await api.tellStops();
    expect(await steps.ended(id)).toMatchObject({ outcome: { code: 'abandoned' } });
    expect(await testbed.calls(sn)).toEqual([]);
  });
});

test('the same word again by the same person is answered as before, and is there once', async () => {
  const { id } = await waiting();
  await control(id, 'pause');
  const again = await control(id, 'pause').catch((error: unknown) => error);
  expect(again).toMatchObject({ executionStatus: 'paused' });
  await control(id, 'resume');
  await control(id, 'abandon');
  await steps.ended(id);
  const types = (await entriesOf(api.users.dave, id)).map(({ type }) => type);
  expect(types.filter((type) => type.startsWith('stop.'))).toEqual([
    'stop.requested',
    'stop.lifted',
    'stop.requested',
  ]);
});

test('a break-glass request is still told whose call is under way', async () => {
  const sn = await testbed.certificate();
  await testbed.fault(sn, { kind: 'error', delayMs: 2500 });
  const { id } = await steps.approved(sn);
  await changeThat(api.users.alice, id, (c) => c.callUnderWay !== null);
  expect(await codeOf(post(api.users.erin, sn, randomUUID()))).toBe('open_change_exists');
  await control(id, 'abandon');
  await steps.ended(id);
});

describe('elsewhere', () => {
  test('a run that takes no more updates is stopped all the same', async () => {
    const temporal = await startTemporal({
      home: PROJECT_HOME,
      env: process.env,
      searchAttributes: SEARCH_ATTRIBUTES,
      dynamicConfig: {
        'history.maxTotalUpdates': '2',
        // Never suggested, so that the change cannot go on in another run before.
        'history.maxTotalUpdates.suggestContinueAsNewThreshold': '10.0',
      },
    });
    const own = await startTestbed({ temporalAddress: temporal.address });
    const [there, at] = await Promise.all([startApi(own), startWorkers(own)]);
    const { asked, ended } = stepsOf(there);
    const sns = await Promise.all(['withdrawn', 'paused'].map(() => own.certificate()));
    const [one, other] = await Promise.all(sns.map((sn) => asked(sn, later())));
    if (!one || !other) throw new Error('two changes were asked for');
    // The first two updates: the submission's, and this.
    await decide(there.users.bob, one);
    await decide(there.users.bob, other);
    expect(await codeOf(there.users.bob.post(`/v1/changes/${one.id}/execution`, {}))).toBe('invalid_request');
    expect(await codeOf(there.users.olga.post(`/v1/changes/${one.id}/execution`, retryOf))).toBe(
      'not_running',
    );
    await there.users.alice.post(`/v1/changes/${one.id}/withdrawal`, { comment: '' });
    expect(await ended(one.id)).toMatchObject({ decisionStatus: 'withdrawn' });
    await there.users.olga.post(`/v1/changes/${other.id}/execution`, { action: 'pause', comment: 'wait' });
    await changeThat(there.users.alice, other.id, (c) => c.executionStatus === 'paused');
    await there.users.olga.post(`/v1/changes/${other.id}/execution`, { action: 'abandon', comment: 'stop' });
    expect(await ended(other.id)).toMatchObject({ outcome: { code: 'abandoned' } });
    const third = await asked(await own.certificate(), later());
    await decide(there.users.bob, third);
    expect(await codeOf(there.users.bob.delete(`/v1/changes/${third.id}/decisions`))).toMatch(
      /stage_resolved/,
    );
    const { digest } = third.policy;
    await there.users.adam.post('/v1/policy-revocations', { digest, comment: 'leaked' });
    expect(await ended(third.id)).toMatchObject({ outcome: { code: 'policy_revoked' } });
    for (const sn of sns) expect(await own.calls(sn)).toEqual([]);
    const history = await own.client.workflow.getHandle(workflowIdOf(one.id)).fetchHistory();
    expect(history.events?.some((event) => event.workflowExecutionSignaledEventAttributes)).toBe(true);
    await at.stop();
    await there.stop();
    await own.stop();
    await temporal.stop();
  });

  test('under a revoked policy nothing begins once that is durable, whoever is told', async () => {
    const own = await startTestbed();
    // Nobody tells the workflows: the row alone has to hold them.
    const deaf = createEngine(own.client);
    const [there, at] = await Promise.all([startApi(own), startWorkers(own)]);
    const alone = await startApi(own, {
      engine: { ...deaf, send: () => Promise.reject(new Error('away')) },
    });
    const { asked, ended } = stepsOf(there);
    const changes = await Promise.all(Array.from({ length: 12 }, async () => asked(await own.certificate())));
    const [first] = changes as [ChangeView, ...ChangeView[]];
    const racing = changes.map((change) => codeOf(decide(there.users.bob, change)));
    await alone.users.adam.post('/v1/policy-revocations', { digest: first.policy.digest, comment: 'leaked' });
    const durable = new Date().toISOString();
    expect(await codeOf(decide(there.users.carol, first))).toMatch(
      /policy_revoked|already_decided|change_closed/,
    );
    await Promise.all(racing);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (const { id } of changes) {
      const { attempts, closedAt, waitsFor } = await there.users.alice.change(id);
      for (const { sentAt } of attempts) expect(sentAt === null || sentAt <= durable).toBe(true);
      if (closedAt === null && waitsFor) expect(waitsFor.kind).toBe('revocation');
    }
    // Told in the end, they end.
    await there.users.adam.post('/v1/policy-revocations', { digest: first.policy.digest, comment: 'leaked' });
    for (const { id } of changes) await ended(id);
    await at.stop();
    await there.stop();
    await alone.stop();
    await own.stop();
  });
});
