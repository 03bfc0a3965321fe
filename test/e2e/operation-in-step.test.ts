import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { activeCaCertificate } from '../../operations/active-ca-certificate.ts';
import { defineOperation } from '../../operations/define-operation.ts';
import { inactivateCaCertificate } from '../../operations/inactivate-ca-certificate.ts';
import { makeOperations } from '../../operations/registry.ts';
import type { Operations } from '../../operations/registry.ts';
import { startHost } from '../support/host.ts';
import { codeOf, decide, stepsOf, post } from '../support/steps.ts';
import { pins, operations } from '../support/operations.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';

/* A worker acts on a change only with the very definition that the change has pinned. */

const older = makeOperations([defineOperation({ ...activeCaCertificate, version: '0' })]);

let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
/** What the worker has now, and what it has once the next change is open. */
let held = operations;
let onceOpen: Operations | null = null;
const alarms: string[] = [];
const changing: Operations = { list: operations.list, get: (name) => held.get(name) };

const startedWith = (of: Operations) =>
  startWorkers(testbed, {
    operations: of,
    alarm: (code) => alarms.push(code),
    at: (point) => {
      if (point !== 'change.opened' || onceOpen === null) return;
      held = onceOpen;
      onceOpen = null;
    },
  });

beforeAll(async () => {
  testbed = await startTestbed();
  [api, workers] = await Promise.all([startApi(testbed), startedWith(changing)]);
});
afterAll(async () => {
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

/** Waits for one more alarm than there were. */
async function alarmAfter(before: number): Promise<void> {
  await eventually(() => Promise.resolve(alarms.length > before ? true : null));
  expect(new Set(alarms)).toEqual(new Set(['operation_out_of_step']));
}

test('a submission that pins another definition is refused with nothing written, and the key is safe afterwards', async () => {
  const { alice } = api.users;
  const [sn, key] = [await testbed.certificate(), randomUUID()];
  held = older;
  expect(await codeOf(post(alice, sn, key))).toBe('operation_out_of_step');
  held = makeOperations([]);
  expect(await codeOf(post(alice, sn, key))).toBe('operation_out_of_step');
  expect(await alice.list(new URLSearchParams({ sn }))).toMatchObject({ items: [] });
  await alarmAfter(1);
  held = operations;
  const change = await post(alice, sn, key);
  expect(change).toMatchObject({ operation: 'ActiveCaCertificate', ...pins });
  // What was opened stays, whatever the worker has then.
  held = older;
  expect(await post(alice, sn, key)).toMatchObject({ id: change.id });
  held = operations;
});

test('a precheck and a call wait for a worker that has the definition, with no attempt begun', async () => {
  const { alice, bob } = api.users;
  const sn = await testbed.certificate();
  let before = alarms.length;
  onceOpen = older;
  const { id } = await post(alice, sn);
  await alarmAfter(before);
  expect(await alice.change(id)).toMatchObject({ decisionStatus: 'pending', digest: null });
  held = operations;
  const asked = await changeThat(alice, id, (c) => c.digest !== null);

  held = older;
  before = alarms.length;
  await decide(bob, asked);
  await alarmAfter(before);
  expect(await alice.change(id)).toMatchObject({ decisionStatus: 'approved', attempts: [], outcome: null });
  expect(await testbed.calls(sn)).toEqual([]);
  held = operations;
  expect(await stepsOf(api).ended(id)).toMatchObject({ executionStatus: 'succeeded' });
});

test('a call waits for a worker that has the operation at all', async () => {
  const sn = await testbed.certificate();
  const asked = await stepsOf(api).asked(sn);
  await workers.stop();
  const without = await startedWith(makeOperations([inactivateCaCertificate]));
  const before = alarms.length;
  await decide(api.users.bob, asked);
  await alarmAfter(before);
  expect(await api.users.alice.change(asked.id)).toMatchObject({ attempts: [], outcome: null });
  await without.stop();
  workers = await startedWith(changing);
  expect(await stepsOf(api).ended(asked.id)).toMatchObject({ executionStatus: 'succeeded' });
  expect(await testbed.calls(sn)).toHaveLength(1);
});

test('the activity of one operation makes no call for a change of another', async () => {
  const host = await startHost(testbed);
  onTestFinished(() => host.stop());
  const sn = await testbed.certificate();
  const { attempts: _attempts, ...change } = await stepsOf(api).asked(sn);
  const called = await host.start(
    'bareActivity',
    'InactivateCaCertificate',
    { change, approvals: [] },
    'countersign-onsmqtt',
  );
  await expect(called.result()).rejects.toMatchObject({
    cause: { cause: { type: 'invalid_request', nonRetryable: true } },
  });
  expect(await testbed.calls(sn)).toEqual([]);
});
