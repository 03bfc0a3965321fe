import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { WorkflowFailedError, WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { by, CountersignTestKit, fault, replayHistories, testTarget } from '../../testing/index.ts';
import type { Change, TestTarget } from '../../testing/index.ts';
import { workflowIdOf } from '../../domain/change.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { testServer } from '../support/time-skipping.ts';
import { revokeBadge } from './revoke-badge.ts';

/* The tests that a host writes, with Temporal's test server and no Postgres. */

const workflowsPath = fileURLToPath(import.meta.resolve('./host-workflows.ts'));
let env: TestWorkflowEnvironment;
let kit: CountersignTestKit;
let host: Worker;
let running: Promise<void>;
const target: TestTarget<{ holder: string; state: string }, { receipt: string }> = testTarget(revokeBadge, {
  before: { holder: 'Ann', state: 'granted' },
  after: { state: 'revoked' },
  output: { receipt: 'R-1' },
});

beforeAll(async () => {
  quietRuntime();
  env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServer() } },
  });
  kit = await CountersignTestKit.create(env, { implementations: [target.implementation] });
  host = await Worker.create({ connection: env.nativeConnection, taskQueue: 'host', workflowsPath });
  running = host.run();
});
afterAll(async () => {
  host.shutdown();
  await running;
  await kit.close();
  await env.teardown();
});
beforeEach(() => {
  target.snapshot = { holder: 'Ann', state: 'granted' };
});

/** Starts the host; answers its handle and the change that it asks for. */
async function offboarding(): Promise<{ run: WorkflowHandleWithFirstExecutionRunId; change: Change }> {
  const badge = randomUUID();
  const run = await env.client.workflow.start('offboard', {
    workflowId: randomUUID(),
    taskQueue: 'host',
    args: [badge],
  });
  return { run, change: await kit.asked({ targetId: `badges/${badge}` }) };
}
const failureOf = async (run: WorkflowHandleWithFirstExecutionRunId) =>
  run.result().then(
    () => null,
    (error: unknown) => (error as WorkflowFailedError).cause as ApplicationFailure,
  );
/** How many timers a change's workflow has had. */
async function timersOf(id: string) {
  const { events } = await env.client.workflow.getHandle(workflowIdOf(id)).fetchHistory();
  const count = (has: (event: NonNullable<typeof events>[number]) => unknown) =>
    (events ?? []).filter((event) => has(event) != null).length;
  return {
    started: count((event) => event.timerStartedEventAttributes),
    fired: count((event) => event.timerFiredEventAttributes),
    cancelled: count((event) => event.timerCanceledEventAttributes),
  };
}
const typesOf = (id: string) => kit.events(id).map(({ type }) => type);

test('approved by somebody else: the call is made, and the host has its output', async () => {
  const made = target.calls.length;
  const { run, change } = await offboarding();
  expect(change).toMatchObject({ decisionStatus: 'pending', snapshot: { holder: 'Ann' }, round: 1 });
  await kit.approve(change.id, by('bob'), 'seen');
  expect(await run.result()).toBe(`https://countersign.test/changes/${change.id} R-1`);
  expect(target.calls.length).toBe(made + 1);
  expect(typesOf(change.id)).toEqual([
    ...['change.requested', 'change.prechecked', 'decision.approved', 'change.scheduled'],
    ...['attempt.started', 'attempt.succeeded', 'change.closed'],
  ]);
});

test('a host that asks an installation with a name is answered by a kit of that name', async () => {
  const named = await CountersignTestKit.create(env, {
    implementations: [target.implementation],
    installation: 'payments',
  });
  const badge = randomUUID();
  const run = await env.client.workflow.start('offboard', {
    ...{ workflowId: randomUUID(), taskQueue: 'host' },
    args: [badge, 'payments'],
  });
  const { id } = await named.asked({ targetId: `badges/${badge}` });
  await named.approve(id, by('bob'));
  expect(await run.result()).toContain('R-1');
  expect(() => kit.change(id)).toThrow(expect.objectContaining({ code: 'not_found' }) as Error);
  await named.close();
});

test('the rules are the service’s: nobody approves their own, nor without the role, nor twice', async () => {
  const { run, change } = await offboarding();
  const { id } = change;
  await expect(kit.approve(id, by('alice'))).rejects.toMatchObject({ code: 'self_approval' });
  await expect(kit.approve(id, by('dave', { roles: ['auditor'] }))).rejects.toMatchObject({
    code: 'missing_role',
  });
  await kit.reject(id, by('bob'), 'not this one');
  expect(await failureOf(run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(id).decisions).toMatchObject([{ decision: 'reject', comment: 'not this one' }]);
  await expect(kit.approve(id, by('carol'))).rejects.toMatchObject({ code: 'already_decided' });
  expect(kit.attempts(id)).toEqual([]);
});

test('expires after days, which take no time, and a timer for each of them', async () => {
  const { run, change } = await offboarding();
  const began = Date.now();
  const expired = await kit.expire(change.id);
  expect(expired).toMatchObject({ decisionStatus: 'expired' });
  expect(await failureOf(run)).toMatchObject({ type: 'not_approved' });
  expect(Date.now() - began).toBeLessThan(60_000);
  const days = (Date.parse(change.decideBy) - Date.parse(change.submittedAt)) / 86_400_000;
  expect(days).toBe(7);
  expect(Date.parse(expired.closedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(change.decideBy));
  expect(await timersOf(change.id)).toEqual({ started: 7, fired: 7, cancelled: 0 });
});

test('decided within a day: one timer does for the decision and for the call', async () => {
  const { run, change } = await offboarding();
  await kit.approve(change.id, by('bob'));
  await run.result();
  expect(await timersOf(change.id)).toEqual({ started: 1, fired: 0, cancelled: 0 });
});

test('drift: whoever approved one target is asked again about another', async () => {
  const { run, change } = await offboarding();
  target.drift({ holder: 'Ben' });
  await kit.approve(change.id, by('bob'));
  const again = await kit.askedAgain(change.id);
  expect(again).toMatchObject({ round: 2, snapshot: { holder: 'Ben' } });
  expect(again.digest).not.toBe(change.digest);
  expect(kit.attempts(change.id)).toEqual([]);
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toContain('R-1');
});

test('a call that fails is tried again; one that fails for good ends the change', async () => {
  const first = await offboarding();
  target.failNext(fault('transient', 'Busy', 'come back'));
  target.failNext(fault('throttled', 'TooFast', 'slowly'));
  await kit.approve(first.change.id, by('bob'));
  expect(await first.run.result()).toContain('R-1');
  expect(kit.attempts(first.change.id).map(({ code }) => code)).toEqual(['Busy', 'TooFast', 'OK']);

  target.snapshot = { holder: 'Ann', state: 'granted' };
  const { run, change } = await offboarding();
  target.failNext(fault('permanent', 'Forbidden', 'no'));
  await kit.approve(change.id, by('bob'));
  expect(await failureOf(run)).toMatchObject({ type: 'not_executed' });
  expect(kit.change(change.id)).toMatchObject({ executionStatus: 'failed', outcome: { code: 'Forbidden' } });
});

test('a call whose answer is lost is not made again: the target tells', async () => {
  const made = target.calls.length;
  const { run, change } = await offboarding();
  target.failNext(fault('unknown', 'Reset', 'the connection was cut'), true);
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toContain('lost');
  expect(kit.change(change.id).outcome).toMatchObject({ code: 'succeeded', reconciled: true });
  expect(target.calls.length).toBe(made + 1);
});

test('a target that is not there is refused before anybody is asked', async () => {
  target.snapshot = null;
  const { run, change } = await offboarding();
  expect(await failureOf(run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(change.id)).toMatchObject({
    decisionStatus: 'refused',
    outcome: { code: 'target_not_found' },
  });
});

test('a host that is cancelled withdraws its change', async () => {
  const { run, change } = await offboarding();
  await run.cancel();
  expect(await kit.ended(change.id)).toMatchObject({ decisionStatus: 'withdrawn' });
});

test('replays what the host ran before, and finds the code that would run otherwise', async () => {
  const { run, change } = await offboarding();
  await kit.approve(change.id, by('bob'));
  await run.result();
  const saved = [{ workflowId: run.workflowId, history: await run.fetchHistory() }];
  expect(await replayHistories({ workflowsPath }, saved)).toBe(1);
  const other = fileURLToPath(import.meta.resolve('./other-workflows.ts'));
  await expect(replayHistories({ workflowsPath: other }, saved)).rejects.toThrow(run.workflowId);
});

// The last one: after a termination the test server sends its clock ahead no more.
test('a host that is terminated withdraws its change, which nobody can have carried out', async () => {
  const made = target.calls.length;
  const left = await offboarding();
  await left.run.terminate('by hand');
  expect(await kit.ended(left.change.id)).toMatchObject({
    decisionStatus: 'withdrawn',
    outcome: { code: 'host_cancelled' },
  });
  const approved = await offboarding();
  await approved.run.terminate('by hand');
  await kit.approve(approved.change.id, by('bob'));
  expect(await kit.ended(approved.change.id)).toMatchObject({
    decisionStatus: 'withdrawn',
    outcome: { code: 'host_cancelled' },
  });
  expect(target.calls.length).toBe(made);
});
