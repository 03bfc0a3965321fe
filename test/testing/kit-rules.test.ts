import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { by, CountersignTestKit, declaredOperations, testTarget } from '../../testing/index.ts';
import type { Change } from '../../testing/index.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { testServer } from '../support/time-skipping.ts';
import { revokeBadge } from './revoke-badge.ts';

/* What stands beside the decisions in a host's test: freezes, tickets, a break-glass of others, declared operations. */

const root = join(import.meta.dirname, '..', '..');
const declaredFile = join(root, 'examples', 'own-operation-python', 'operations.yaml');
const policies = `policies:
  - name: badges
    version: "1"
    match: { operation: [RevokeBadge] }
    ticket: { system: jira, required: false, states: [Scheduled], projects: [OPS] }
    stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]
  - name: others
    version: "1"
    stages: [{ name: s, groups: [{ anyApprover: true, threshold: 1 }] }]
`;
const workflowsPath = fileURLToPath(import.meta.resolve('./host-workflows.ts'));
let folder: string;
let env: TestWorkflowEnvironment;
let kit: CountersignTestKit;
let workers: Worker[];
let running: Promise<unknown>;
const closed: unknown[] = [];
const target = testTarget(revokeBadge, {
  before: { holder: 'Ann', state: 'granted' },
  output: { receipt: 'R-1' },
});

beforeAll(async () => {
  quietRuntime();
  folder = await mkdtemp(join(tmpdir(), 'countersign-kit-'));
  const policyFile = join(folder, 'policies.yaml');
  await writeFile(policyFile, policies);
  env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServer() } },
  });
  kit = await CountersignTestKit.create(env, {
    implementations: [target.implementation],
    operationsFile: declaredFile,
    policyFile,
  });
  workers = [
    await Worker.create({ connection: env.nativeConnection, taskQueue: 'host', workflowsPath }),
    // A team's worker, as its own tests have it.
    await Worker.create({
      connection: env.nativeConnection,
      taskQueue: 'accounts-python',
      activities: {
        read_account: () => ({
          ...{ requestId: 'r', snapshot: { owner: 'Alpha', balance: 0, state: 'open' } },
          ...{ refusal: null, achieved: false, identity: { owner: 'Alpha' } },
        }),
        close_account: (request: unknown) => {
          closed.push(request);
          return { requestId: 'c', output: { receipt: 'A-closed' } };
        },
      },
    }),
  ];
  running = Promise.all(workers.map((worker) => worker.run()));
});
afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await kit.close();
  await env.teardown();
  await rm(folder, { recursive: true });
});

const start = (workflow: string, ...args: unknown[]) =>
  env.client.workflow.start(workflow, { workflowId: randomUUID(), taskQueue: 'host', args });
async function offboarding(ticket?: string): Promise<{ run: WorkflowHandle; change: Change }> {
  const badge = randomUUID();
  const run = await start('offboard', badge, 'countersign', ...(ticket === undefined ? [] : [ticket]));
  return { run, change: await kit.asked({ targetId: `badges/${badge}` }) };
}
const failureOf = async (run: WorkflowHandle) =>
  run.result().then(
    () => null,
    (error: unknown) => (error as WorkflowFailedError).cause as ApplicationFailure,
  );

test('a freeze holds what was approved until it ends; one of another scope holds nothing', async () => {
  const endsAt = new Date((await env.currentTimeMs()) + 2 * 3_600_000).toISOString();
  const other = await kit.freeze({ scope: { badge: 'of nobody' } });
  const freeze = await kit.freeze({ operation: 'RevokeBadge', endsAt, reason: 'the quarter ends' });
  const { run, change } = await offboarding();
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toContain('R-1');
  const [attempt] = kit.attempts(change.id);
  expect(Date.parse(attempt?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(endsAt));
  kit.lift(freeze);
  kit.lift(other);
});

test('a freeze that nobody lifts lets the change end without a call; lifted, it runs', async () => {
  const freeze = await kit.freeze();
  const held = await offboarding();
  await kit.approve(held.change.id, by('bob'));
  expect(await failureOf(held.run)).toMatchObject({ type: 'not_executed' });
  expect(kit.attempts(held.change.id)).toEqual([]);
  expect(kit.change(held.change.id).outcome).toMatchObject({ code: 'execute_by_passed' });
  kit.lift(freeze);
  const { run, change } = await offboarding();
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toContain('R-1');
});

test('a ticket is judged as the policy asks, before people are asked and before the call', async () => {
  const none = await offboarding('OPS-0');
  expect(await failureOf(none.run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(none.change.id).outcome).toMatchObject({ code: 'ticket_not_found' });

  kit.ticket({ system: 'jira', id: 'OPS-1', state: 'Draft' });
  const draft = await offboarding('OPS-1');
  expect(await failureOf(draft.run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(draft.change.id).outcome).toMatchObject({ code: 'ticket_not_allowed' });

  kit.ticket({ system: 'jira', id: 'OPS-1', state: 'Scheduled', project: 'DEV' });
  const other = await offboarding('OPS-1');
  expect(await failureOf(other.run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(other.change.id).outcome).toMatchObject({ code: 'ticket_not_allowed' });

  kit.ticket({ system: 'jira', id: 'OPS-1', state: 'Scheduled' });
  const held = await offboarding('OPS-1');
  kit.ticket({ system: 'jira', id: 'OPS-1', state: 'Scheduled', onHold: true });
  await kit.approve(held.change.id, by('bob'));
  expect(await failureOf(held.run)).toMatchObject({ type: 'not_executed' });

  kit.ticket({ system: 'jira', id: 'OPS-1', state: 'Scheduled' });
  const { run, change } = await offboarding('OPS-1');
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toContain('R-1');

  kit.removeTicket('jira', 'OPS-1');
  const gone = await offboarding('OPS-1');
  expect(await failureOf(gone.run)).toMatchObject({ type: 'not_approved' });
});

test('somebody else breaks the glass and takes the target over', async () => {
  const { run, change } = await offboarding();
  const rita = by('rita', { roles: ['requester'] });
  expect(await kit.takeOver(change.id, rita)).toMatchObject({
    decisionStatus: 'withdrawn',
    outcome: { code: 'taken_over' },
  });
  expect(await failureOf(run)).toMatchObject({ type: 'not_approved' });
});

test('a declared operation is carried out by the worker of its own task queue', async () => {
  const run = await start('closeAccount', 'A-17');
  const { id } = await kit.asked({ targetId: 'accounts/eu/A-17' });
  expect(kit.change(id)).toMatchObject({ snapshot: { snapshot: { owner: 'Alpha' } } });
  await kit.approve(id, by('bob'));
  expect(await run.result()).toBe('A-closed');
  expect(closed).toMatchObject([{ changeId: id, input: { region: 'eu', account: 'A-17' } }]);
});

test('a declared operation may have a target in memory; a file that is wrong is told by line and field', async () => {
  const [closeAccount] = await declaredOperations(declaredFile);
  if (closeAccount === undefined) throw new Error('the file declares one');
  const account = testTarget(closeAccount, {
    before: { snapshot: { owner: 'Alpha' }, refusal: null, achieved: false, identity: { owner: 'Alpha' } },
    after: { achieved: true },
  });
  expect(account.implementation.operation.name).toBe('CloseAccount');
  const wrong = join(folder, 'wrong.yaml');
  await writeFile(wrong, 'operations: [{ name: X }]');
  await expect(declaredOperations(wrong)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('wrong.yaml:1') as string,
  });
});
