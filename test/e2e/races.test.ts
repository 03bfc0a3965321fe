import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeOrphans } from '../../activities/close-orphans.ts';
import type { ChangeView } from '../../api/change-view.ts';
import { workflowIdOf } from '../../domain/change.ts';
import type { Person } from '../../domain/person.ts';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import { makePool } from '../../store/pool.ts';
import { requestUpdate } from '../../workflows/messages.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { codeOf, decide, inMs, stepsOf, post } from '../support/steps.ts';
import type { Steps } from '../support/steps.ts';
import { replayAll } from '../support/replay.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let replica: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let steps: Steps;

beforeAll(async () => {
  testbed = await startTestbed();
  [api, replica, workers] = await Promise.all([startApi(testbed), startApi(testbed), startWorkers(testbed)]);
  steps = stepsOf(api);
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  expect(await replayAll(testbed)).toBeGreaterThan(5);
  await workers.stop();
  await api.stop();
  await replica.stop();
  await testbed.stop();
});

describe.concurrent('when two come at once', () => {
  test('one key from two replicas makes one change', async () => {
    const sn = await testbed.certificate();
    const key = randomUUID();
    const both = await Promise.all([post(api.users.alice, sn, key), post(replica.users.alice, sn, key)]);
    expect(both[0].id).toBe(both[1].id);
    expect(await codeOf(post(api.users.alice, sn, key, { justification: 'another' }))).toBe('key_reused');
    // Another person's same key is another key; the target is taken all the same.
    expect(await codeOf(post(api.users.erin, sn, key))).toBe('open_change_exists');
  });

  test('one key many times at once, while it is still opening, is that one change each time', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      const sn = await testbed.certificate();
      const key = randomUUID();
      const sent = Array.from({ length: 12 }, async (_, i) => {
        await delay(i * 5);
        return (await post((i % 2 ? api : replica).users.alice, sn, key)).id;
      });
      expect(new Set(await Promise.all(sent)).size).toBe(1);
    }
  });

  test('one key with two bodies makes one change and refuses the other', async () => {
    const [a, b] = [await testbed.certificate(), await testbed.certificate()];
    const key = randomUUID();
    const codes = await Promise.all([
      codeOf(post(api.users.alice, a, key)),
      codeOf(post(replica.users.alice, b, key)),
    ]);
    expect(codes.sort()).toEqual(['key_reused', null]);
  });

  test('one target, two people: one open change', async () => {
    const sn = await testbed.certificate();
    const codes = await Promise.all([
      codeOf(post(api.users.alice, sn, randomUUID())),
      codeOf(post(replica.users.erin, sn, randomUUID())),
    ]);
    expect(codes.sort()).toEqual([null, 'open_change_exists'].sort());
  });

  test('a loser of the race for a target may use its key again once the target is free', async () => {
    const sn = await testbed.certificate();
    const first = await steps.asked(sn);
    const key = randomUUID();
    expect(await codeOf(post(api.users.erin, sn, key))).toBe('open_change_exists');
    await decide(api.users.bob, first, 'reject');
    await steps.ended(first.id);
    const second = await eventually(() => post(api.users.erin, sn, key));
    expect(second.id).not.toBe(first.id);
  });

  test('approve against reject: one outcome, the same everywhere', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn, {
      executeAfter: inMs(3_600_000),
      executeBy: inMs(7_200_000),
      decideBy: inMs(1_800_000),
    });
    await Promise.allSettled([
      decide(api.users.bob, change, 'approve'),
      decide(replica.users.carol, change, 'reject'),
    ]);
    const after = await changeThat(api.users.alice, change.id, (c) => c.decisionStatus !== 'pending');
    expect(after.decisions).toHaveLength(1);
    expect(after.decisionStatus).toBe(after.decisions[0]?.decision === 'approve' ? 'approved' : 'rejected');
    const state = await testbed.client.workflow.getHandle(workflowIdOf(change.id)).query<ChangeView>('state');
    expect(state.decisionStatus).toBe(after.decisionStatus);
    const types = (await api.users.dave.events(change.id)).map((e) => e.type);
    expect(types.filter((t) => t === 'decision.approved' || t === 'decision.rejected')).toHaveLength(1);
  });

  test('approve against withdraw: withdrawn, or called and not withdrawn', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    await Promise.allSettled([
      decide(api.users.bob, change, 'approve'),
      replica.users.alice.post(`/v1/changes/${change.id}/withdrawal`, { comment: '' }),
    ]);
    const end = await steps.ended(change.id);
    const called = (await testbed.calls(sn)).length;
    expect([end.decisionStatus, called]).toEqual(
      end.decisionStatus === 'withdrawn' ? ['withdrawn', 0] : ['approved', 1],
    );
  });

  test('approve against expiry: one outcome', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn, { decideBy: inMs(15_000) });
    await eventually(() => Promise.resolve(Date.now() >= Date.parse(change.decideBy) - 15 ? true : null));
    await decide(api.users.bob, change, 'approve').catch(() => null);
    const end = await steps.ended(change.id);
    const called = (await testbed.calls(sn)).length;
    expect([end.decisionStatus, called]).toEqual(
      end.decisionStatus === 'expired' ? ['expired', 0] : ['approved', 1],
    );
  });
});

describe.concurrent('what Temporal no longer has', () => {
  test('a workflow terminated by hand: its change is closed and its target free', async () => {
    const sn = await testbed.certificate();
    const key = randomUUID();
    const change = await changeThat(
      api.users.alice,
      (await post(api.users.alice, sn, key)).id,
      (c) => c.digest !== null,
    );
    await testbed.client.workflow.getHandle(workflowIdOf(change.id)).terminate('by hand');
    expect(await codeOf(decide(api.users.bob, change, 'approve'))).toBe('change_closed');
    const pool = makePool({
      connectionString: testbed.database.url('worker'),
      applicationName: 'test orphans',
    });
    const deps = {
      pool,
      client: testbed.client,
      namespace: testbed.namespace,
      log: { warn: () => undefined },
      restMs: 0,
    };
    await eventually(async () =>
      (await closeOrphans(deps)) >= 0 && (await api.users.alice.change(change.id)).closedAt ? true : null,
    );
    await closeOrphans(deps);
    await pool.end();
    const end = await steps.ended(change.id);
    expect(end).toMatchObject({ outcome: { code: 'workflow_ended' }, executionStatus: 'not_started' });
    const { name, version, digest } = change.policy;
    const entries = await api.users.dave.events(change.id);
    expect(entries.filter((e) => e.type === 'change.closed')).toEqual([
      expect.objectContaining({
        ticket: null,
        policy: { name, version, digest },
        digest: change.digest,
        round: 1,
      }),
    ]);
    expect((await post(api.users.alice, sn, key)).id).toBe(change.id);
    expect((await post(api.users.erin, sn, randomUUID())).id).not.toBe(change.id);
  });

  test('a workflow that Temporal has forgotten: shown, and its key still guarded', async () => {
    const sn = await testbed.certificate();
    const key = randomUUID();
    const { id } = await post(api.users.alice, sn, key);
    const change = await changeThat(api.users.alice, id, (c) => c.digest !== null);
    await decide(api.users.bob, change, 'approve');
    await steps.ended(id);
    await testbed.client.workflowService.deleteWorkflowExecution({
      namespace: testbed.namespace,
      workflowExecution: { workflowId: workflowIdOf(id) },
    });
    // Temporal answers before it has forgotten.
    await eventually(() =>
      testbed.client.workflow
        .getHandle(workflowIdOf(id))
        .describe()
        .then(
          () => null,
          () => true,
        ),
    );
    expect((await post(api.users.alice, sn, key)).id).toBe(id);
    expect((await api.users.dave.change(id)).executionStatus).toBe('succeeded');
    expect(await testbed.calls(sn)).toHaveLength(1);
  });
});

describe('an approval that was used', () => {
  test('is spent: a workflow that is reset after its end calls nothing', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    await decide(api.users.bob, change, 'approve');
    await steps.ended(change.id);
    await testbed.control('PUT', '/_sim/certificates', {
      mqttInstanceId: change.input.mqttInstanceId,
      sn,
      caName: 'line',
      status: '0',
    });
    const handle = testbed.client.workflow.getHandle(workflowIdOf(change.id));
    const { events } = await handle.fetchHistory();
    const call = events?.find(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'ActiveCaCertificate',
    );
    const { runId } = await testbed.client.workflowService.resetWorkflowExecution({
      namespace: testbed.namespace,
      workflowExecution: { workflowId: workflowIdOf(change.id), runId: (await handle.describe()).runId },
      reason: 'a test',
      requestId: randomUUID(),
      workflowTaskFinishEventId:
        call?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ?? null,
    });
    const again = testbed.client.workflow.getHandle(workflowIdOf(change.id), runId);
    expect(await codeOf(again.result())).not.toBeNull();
    expect(await testbed.calls(sn)).toHaveLength(1);
    expect((await api.users.alice.change(change.id)).executionStatus).toBe('succeeded');
  });
});

describe('a decision that the API did not sign', () => {
  test('is refused by the worker, and nothing is called', async () => {
    const sn = await testbed.certificate();
    const change = await steps.asked(sn);
    const { privateKey } = generateKeyPairSync('ed25519');
    const forger = createStatementSigner(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    const person: Person = {
      issuer: change.requester.issuer,
      subject: 'mallory',
      name: 'Mallory',
      roles: ['approver'],
      groups: [],
      authentication: { methods: [], at: null },
    };
    const signed = forger.sign({
      v: 1,
      kind: 'decision',
      changeId: change.id,
      person,
      action: 'approve',
      comment: '',
      digest: change.digest,
      round: change.round,
      at: new Date().toISOString(),
    });
    const handle = testbed.client.workflow.getHandle(workflowIdOf(change.id));
    await expect(handle.executeUpdate(requestUpdate, { args: [{ signed, source: null }] })).rejects.toThrow();
    const after = await api.users.alice.change(change.id);
    expect(after).toMatchObject({ decisionStatus: 'pending', decisions: [] });
    expect(await testbed.calls(sn)).toEqual([]);
    // The change goes on as if nothing had been said.
    await decide(api.users.bob, change, 'approve');
    expect((await steps.ended(change.id)).executionStatus).toBe('succeeded');
    const types = (await api.users.dave.events(change.id)).map((e) => e.type);
    expect(types.filter((t) => t.startsWith('decision.'))).toEqual(['decision.approved']);
  });
});

test('no worker up: 503, and the same key later makes the one change', async () => {
  const alone = await startTestbed();
  const front = await startApi(alone, { engineDeadlineMs: 1500 });
  const sn = await alone.certificate();
  const key = randomUUID();
  expect(await codeOf(post(front.users.alice, sn, key))).toBe('engine_unavailable');
  const late = await startWorkers(alone);
  const change = await eventually(() => post(front.users.alice, sn, key));
  const seen = await changeThat(front.users.alice, change.id, (c) => c.digest !== null);
  expect((await front.users.dave.events(seen.id)).filter((e) => e.type === 'change.requested')).toHaveLength(
    1,
  );
  await late.stop();
  await front.stop();
  await alone.stop();
});
