import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { defineOperation, implement } from '../../plugin/operation.ts';
import type { CallAnswer, DriverContext, ReadAnswer } from '../../plugin/operation.ts';
import {
  by,
  CountersignTestKit,
  declaredOperations,
  fault,
  replayHistories,
  testTarget,
} from '../../testing/index.ts';
import type { Change, Fault, TestFreeze } from '../../testing/index.ts';
import { quietRuntime } from '../support/quiet-runtime.ts';
import { testServer } from '../support/time-skipping.ts';

/* What a service refuses, a kit refuses, with the same codes; and what a test is told that waits in vain. */

const workflowsPath = fileURLToPath(import.meta.resolve('./host-workflows.ts'));
const declaredFile = join(
  import.meta.dirname,
  '..',
  '..',
  'examples',
  'own-operation-python',
  'operations.yaml',
);
const define = (name: string) =>
  defineOperation({
    ...{ name, version: '1', title: 'Leave a note', service: 'notes' },
    input: z.strictObject({ note: z.string().max(40), text: z.string().max(40_000) }),
    scope: ['note'],
    target: ({ note }) => ({ id: `notes/${note}`, scope: { note }, label: `note ${note}` }),
    refusal: () => null,
    achieved: (snapshot: { text: string } | null) => snapshot?.text === 'left',
    identity: () => ({}),
    present: ({ text }) => [{ label: 'text', value: text }],
  });
const leaveNote = define('LeaveNote');
const never = () => new Promise<never>(() => {});
const answers = (snapshot: ReadAnswer['snapshot']) => (): Promise<ReadAnswer> =>
  Promise.resolve({ ok: true, requestId: randomUUID(), snapshot });
const succeeds = () => Promise.resolve({ ok: true as const, requestId: randomUUID() });
/** What the driver does in the test that runs. */
const driver: {
  read: () => Promise<ReadAnswer | Fault>;
  prepare: () => Promise<void>;
  call: (context: DriverContext) => Promise<CallAnswer | Fault>;
} = { read: answers(null), prepare: () => Promise.resolve(), call: succeeds };
const implementation = implement(leaveNote, {
  read: () => driver.read(),
  prepare: async (_, context) => {
    await driver.prepare();
    return () => driver.call(context);
  },
});
let folder: string;
let env: TestWorkflowEnvironment;
let kit: CountersignTestKit;
let host: Worker;
let running: Promise<void>;

beforeAll(async () => {
  quietRuntime();
  folder = await mkdtemp(join(tmpdir(), 'countersign-kit-'));
  env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: await testServer() } },
  });
  kit = await CountersignTestKit.create(env, { implementations: [implementation] });
  host = await Worker.create({ connection: env.nativeConnection, taskQueue: 'host', workflowsPath });
  running = host.run();
});
afterAll(async () => {
  host.shutdown();
  await running;
  await kit.close();
  await env.teardown();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  Object.assign(driver, { read: answers({ text: '' }), prepare: () => Promise.resolve(), call: succeeds });
});

const start = (note: string, text = 'left', installation = 'countersign') =>
  env.client.workflow.start('callOf', {
    ...{ workflowId: randomUUID(), taskQueue: 'host' },
    args: ['LeaveNote', { note, text }, installation],
  });
async function asked(text?: string): Promise<{ run: WorkflowHandle; change: Change }> {
  const note = randomUUID();
  const run = await start(note, text);
  return { run, change: await kit.asked({ targetId: `notes/${note}` }) };
}
const failureOf = async (run: WorkflowHandle) =>
  run.result().then(
    () => null,
    (error: unknown) => (error as WorkflowFailedError).cause as ApplicationFailure,
  );

test.each<[string, TestFreeze, string]>([
  ['an operation that there is not', { operation: 'LeaveNotes' }, 'operation'],
  ['a pattern of operations', { operation: 'Leave*' }, 'operation'],
  ['no name of an operation', { operation: '' }, 'operation'],
  ['a member that no target has', { scope: { nothing: 'x' } }, 'scope'],
  [
    'a member of a target of another operation',
    { operation: 'LeaveNote', scope: { regionId: 'x' } },
    'scope',
  ],
  ['an end that is no time', { endsAt: 'yesterday' }, 'endsAt'],
  ['an end that has passed', { endsAt: '2020-01-01T00:00:00Z' }, 'endsAt'],
  ['a start without a zone', { startsAt: '2026-01-01T00:00:00' }, 'startsAt'],
  ['a start after its end', { startsAt: '2999-01-02T00:00:00Z', endsAt: '2999-01-01T00:00:00Z' }, 'startsAt'],
  ['no reason', { reason: ' ' }, 'reason'],
  ['a member that a freeze has not', { endAt: '2999-01-01T00:00:00Z' } as TestFreeze, 'endAt'],
])('no freeze with %s', async (_name, freeze, field) => {
  await expect(kit.freeze(freeze)).rejects.toMatchObject({ code: 'invalid_request', errors: [{ field }] });
});

test('a freeze of a bundled operation is one; only what was frozen is lifted, as often as one likes', async () => {
  const id = await kit.freeze({ operation: 'ActiveCaCertificate', scope: { regionId: 'cn-*' } });
  kit.lift(id);
  kit.lift(id);
  expect(() => {
    kit.lift('nope');
  }).toThrow(expect.objectContaining({ code: 'not_found' }) as Error);
});

test('of a change that there is not the kit says what the API says', async () => {
  const id = randomUUID();
  const bob = by('bob');
  const all = [
    ...[() => kit.approve(id, bob), () => kit.reject(id, bob), () => kit.withdraw(id, bob)],
    ...[() => kit.takeOver(id, bob), () => kit.expire(id), () => kit.ended(id), () => kit.askedAgain(id)],
    ...[() => kit.change(id), () => kit.events(id), () => kit.attempts(id)],
  ];
  for (const one of all)
    await expect((async () => one())(), String(one)).rejects.toMatchObject({ code: 'not_found' });
});

test('a request that no entry can hold is not opened', async () => {
  const note = randomUUID();
  const run = await start(note, 'x'.repeat(32_500));
  expect(await failureOf(run)).toMatchObject({
    type: 'invalid_request',
    message: expect.stringContaining('at most 32768 can be recorded') as string,
  });
  expect((await asked('x'.repeat(20_000))).change).toMatchObject({ decisionStatus: 'pending' });
});

test('what is read and no entry can hold is refused before anybody is asked', async () => {
  driver.read = answers({ text: 'x'.repeat(9000) });
  const { run, change } = await asked();
  expect(await failureOf(run)).toMatchObject({ type: 'not_approved' });
  expect(kit.change(change.id).outcome).toMatchObject({ code: 'snapshot_too_long' });
});

test('what somebody says and no entry can hold is refused', async () => {
  const { run, change } = await asked();
  await expect(kit.approve(change.id, by('bob'), 'x'.repeat(2001))).rejects.toMatchObject({
    code: 'invalid_request',
    errors: [{ field: 'comment' }],
  });
  const groups = Array.from({ length: 1000 }, (_, n) => `a group with quite a long name, the ${n}th`);
  await expect(kit.approve(change.id, by('bob', { groups }))).rejects.toMatchObject({
    code: 'invalid_request',
    errors: [{ field: 'entry' }],
  });
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toBe('done');
});

test('no operation of a file or of one’s own has the name of a bundled one', async () => {
  const file = join(folder, 'bundled.yaml');
  const text = await readFile(declaredFile, 'utf8');
  await writeFile(file, text.replace('name: CloseAccount', 'name: ActiveCaCertificate'));
  const refused = { code: 'invalid_configuration', message: expect.stringContaining('(bundled)') as string };
  await expect(declaredOperations(file)).rejects.toMatchObject(refused);
  await expect(CountersignTestKit.create(env, { operationsFile: file })).rejects.toMatchObject(refused);
  const own = testTarget(define('ActiveCaCertificate'), { before: null });
  await expect(
    CountersignTestKit.create(env, { implementations: [own.implementation] }),
  ).rejects.toMatchObject({ code: 'invalid_configuration' });
});

test('who waits in vain is told what the change waits for', async () => {
  const installation = 'impatient';
  const impatient = await CountersignTestKit.create(env, {
    ...{ implementations: [implementation], installation, longestWaitMs: 4000 },
  });
  const note = randomUUID();
  await expect(impatient.asked()).rejects.toThrow('no change was asked for within 4000 ms');
  driver.read = () => Promise.reject(new Error('the service is down'));
  await start(note, 'left', installation);
  await expect(impatient.asked({ targetId: `notes/${note}` })).rejects.toThrow(
    /^change \S+, LeaveNote of notes\/\S+, could not be decided within 4000 ms: its target could not be read: driver_failed: .*the service is down$/,
  );
  driver.read = answers({ text: '' });
  // The server's clock stands still while nobody waits for a result.
  await env.sleep(60_000);
  const { id } = await impatient.asked({ targetId: `notes/${note}` });
  await expect(impatient.ended(id)).rejects.toThrow(
    `change ${id} has not ended within 4000 ms: it waits for decisions`,
  );
  driver.call = () => Promise.resolve(fault('transient', 'Busy', 'come back'));
  await impatient.approve(id, by('bob'));
  const untilEnd = `change ${id} has not ended within 4000 ms`;
  await expect(impatient.ended(id)).rejects.toThrow(`${untilEnd}: its call failed: Busy: come back`);
  const freeze = await impatient.freeze({ reason: 'the quarter ends' });
  await env.sleep(60_000);
  await expect(impatient.ended(id)).rejects.toThrow(`${untilEnd}: freeze: the quarter ends`);
  impatient.lift(freeze);
  driver.call = succeeds;
  await env.sleep(120_000);
  await impatient.ended(id);
  await expect(impatient.askedAgain(id)).rejects.toThrow(
    `change ${id} has not come to round 2 within 4000 ms: it has ended: succeeded`,
  );
  await impatient.close();
});

test('a call that gives no answer has an unknown outcome, and the target tells', async () => {
  let aborted = false;
  driver.call = ({ signal }) => {
    signal.addEventListener('abort', () => (aborted = true));
    driver.read = answers({ text: 'left' });
    return never();
  };
  const { run, change } = await asked();
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toBe('done');
  expect(kit.attempts(change.id)).toMatchObject([{ ordinal: 1, outcome: 'unknown', code: 'timeout' }]);
  expect(kit.change(change.id).outcome).toMatchObject({ code: 'succeeded', reconciled: true });
  expect(aborted).toBe(true);
});

test('a driver that does not get ready has sent nothing, and is asked again', async () => {
  driver.prepare = () => {
    driver.prepare = () => Promise.resolve();
    return never();
  };
  const { run, change } = await asked();
  await kit.approve(change.id, by('bob'));
  expect(await run.result()).toBe('done');
  expect(kit.attempts(change.id)).toMatchObject([
    { ordinal: 1, outcome: 'failed', code: 'not_sent', sentAt: null },
    { ordinal: 2, outcome: 'succeeded' },
  ]);
});

test('a history that cannot be read is named', async () => {
  const saved = [{ workflowId: 'of-monday', history: 'nonsense' }];
  await expect(replayHistories({ workflowsPath }, saved)).rejects.toThrow('of-monday');
});
