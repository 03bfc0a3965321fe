import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onOwnQueues } from '../../cli/worker-dependencies.ts';
import { declaredOperation } from '../../declarations/declared-operation.ts';
import type { Declaration } from '../../domain/declaration.ts';
import type { DriverRequest } from '../../domain/driver-step.ts';
import { bundledOperations } from '../../operations/bundled.ts';
import { makeImplementations } from '../../operations/implementations.ts';
import { makeOperations } from '../../operations/registry.ts';
import type { Operations } from '../../operations/registry.ts';
import { closeAccount } from '../support/close-account.ts';
import { findingsInLog } from '../support/judged-log.ts';
import { bundledBy } from '../support/operations.ts';
import { changeThat, eventually, startApi, startTestbed, startWorkers } from '../support/service.ts';
import type { Testbed } from '../support/service.ts';
import { decide, inMs, stepsOf } from '../support/steps.ts';

/* A declared operation whose worker answers what it should not, is lost, or is declared anew under open changes. */

type Activity = (request: DriverRequest) => unknown;

const operation = declaredOperation({
  ...closeAccount,
  worker: { ...closeAccount.worker, callSeconds: 4, heartbeatSeconds: 2 },
});
let testbed: Testbed;
let api: Awaited<ReturnType<typeof startApi>>;
let workers: Awaited<ReturnType<typeof startWorkers>>;
let held: Operations = makeOperations([...bundledOperations, operation]);
const changing: Operations = { list: held.list, get: (name) => held.get(name) };
const alarms: string[] = [];
let connection: NativeConnection;
let team: Worker;
let running: Promise<void>;

const state = { closed: false };
const reading = (snapshot: unknown = { owner: 'Alpha', state: state.closed ? 'closed' : 'open' }) => ({
  ...{ requestId: 'read', snapshot, refusal: null },
  ...{ achieved: state.closed, identity: { owner: 'Alpha' } },
});
/** What the worker's two activities do. */
let read: Activity = () => reading();
let call: Activity = () => ({ requestId: 'call', output: { receipt: 'r' } });
const reads: DriverRequest[] = [];
const calls: DriverRequest[] = [];

beforeAll(async () => {
  testbed = await startTestbed();
  const implementations = makeImplementations(held, [
    ...bundledBy(testbed.simulator.url),
    ...onOwnQueues(held, []),
  ]);
  [api, workers] = await Promise.all([
    startApi(testbed, { operations: held }),
    startWorkers(testbed, {
      ...{ operations: changing, implementations },
      alarm: (code) => alarms.push(code),
    }),
  ]);
  connection = await NativeConnection.connect({ address: testbed.temporalAddress });
  team = await Worker.create({
    ...{ connection, namespace: testbed.namespace, taskQueue: 'accounts' },
    activities: {
      read_account: (request: DriverRequest) => (reads.push(request), read(request)),
      close_account: (request: DriverRequest) => (calls.push(request), call(request)),
    },
  });
  running = team.run();
});
afterAll(async () => {
  expect(await findingsInLog(testbed)).toEqual([]);
  team.shutdown();
  await running;
  await connection.close();
  await workers.stop();
  await api.stop();
  await testbed.stop();
});

async function asked(more: object = {}) {
  state.closed = false;
  read = () => reading();
  [reads, calls].forEach((made) => made.splice(0));
  const input = { region: 'eu', account: `A-${Math.floor(Math.random() * 1e9)}` };
  const body = { operation: 'CloseAccount', input, justification: 'the customer has left', ...more };
  const { id } = await api.users.alice.post<{ id: string }>('/v1/changes', body, {
    'Idempotency-Key': randomUUID(),
  });
  return { id, input };
}
const shown = (id: string) => changeThat(api.users.alice, id, (c) => c.digest !== null);
const ended = (id: string) => stepsOf(api).ended(id);

test('both activities are told of the change, the operation and its version', async () => {
  const { id, input } = await asked();
  call = () => ({ requestId: 'call', output: { receipt: 'r' } });
  await decide(api.users.bob, await shown(id));
  expect(await ended(id)).toMatchObject({ executionStatus: 'succeeded', attempts: [{ requestId: 'call' }] });
  const told = { changeId: id, operation: 'CloseAccount', version: '1', input };
  expect([...reads, ...calls]).toMatchObject([told, told, told]);
  expect(calls[0]?.notAfter).toBeLessThan(Date.now() + 5000);
});

test.each<[string, () => unknown]>([
  ['a member more', () => ({ ...reading(), more: 1 })],
  ['a member less', () => ({ ...reading(), achieved: undefined })],
  ['a snapshot that its schema refuses', () => reading({ owner: 'Alpha' })],
  ['a fraction', () => reading({ owner: 'Alpha', state: 'open', share: 0.5 })],
  ['a fault of its own', () => ({ ok: false, class: 'permanent', code: 'x', message: 'y' })],
  ['nothing', () => null],
])('a read that answers %s is a failure that is repeated, and nobody is asked', async (_what, answer) => {
  const { id } = await asked();
  read = () => (reads.length < 2 ? answer() : reading());
  const change = await shown(id);
  expect(reads.length).toBeGreaterThanOrEqual(2);
  expect(change).toMatchObject({ decisionStatus: 'pending', snapshot: { identity: { owner: 'Alpha' } } });
});

test.each<[string, Activity]>([
  ['without the output that is declared', () => ({ requestId: 'call' })],
  ['without an id', () => ({ output: { receipt: 'r' } })],
  ['with a fault of its own', () => ({ ok: false, class: 'permanent', code: 'x', message: 'y' })],
  ['with nothing', () => undefined],
])('a call that answers %s is unknown, and read', async (_what, answer) => {
  const { id } = await asked();
  call = (request) => {
    state.closed = true;
    return answer(request);
  };
  await decide(api.users.bob, await shown(id));
  expect(await ended(id)).toMatchObject({
    executionStatus: 'succeeded',
    outcome: { reconciled: true },
    attempts: [{ outcome: 'unknown', code: 'driver_failed' }],
  });
  expect(calls).toHaveLength(1);
});

test('a call whose worker says nothing for too long is unknown, whatever class a time-out seems to have', async () => {
  const { id } = await asked();
  call = () => {
    state.closed = true;
    return delay(6000);
  };
  await decide(api.users.bob, await shown(id));
  const end = await ended(id);
  expect(end).toMatchObject({ executionStatus: 'succeeded', outcome: { reconciled: true } });
  expect(end.attempts).toMatchObject([{ outcome: 'unknown', code: 'driver_failed' }]);
  expect(calls).toHaveLength(1);
});

test('what is said against the target right before the call asks people again', async () => {
  const { id } = await asked();
  const change = await shown(id);
  read = () => ({ ...reading(), refusal: { code: 'locked', message: 'a claim is open' } });
  await decide(api.users.bob, change);
  const again = await changeThat(api.users.alice, id, (c) => c.closedAt !== null || c.round === 2);
  expect(again).toMatchObject({ decisionStatus: 'refused', outcome: { code: 'locked' } });
  expect(calls).toEqual([]);
});

test('declared otherwise under an open change: its call never begins, and it ends in words', async () => {
  const { id } = await asked({ executeBy: inMs(8000) });
  const change = await shown(id);
  const before = held;
  const otherwise: Declaration = { ...operation.declaration, version: '2' };
  held = makeOperations([...bundledOperations, declaredOperation(otherwise)]);
  const told = alarms.length;
  await decide(api.users.bob, change);
  await eventually(() => Promise.resolve(alarms.length > told ? true : null));
  const end = await ended(id);
  held = before;
  expect(calls).toEqual([]);
  expect(alarms.at(-1)).toBe('operation_out_of_step');
  expect(end).toMatchObject({
    ...{ executionStatus: 'cancelled', attempts: [] },
    outcome: { code: 'execute_by_passed', message: 'no further call was possible before execute-by' },
  });
});

test('a failure has the class that is declared, and no other', async () => {
  const { id } = await asked();
  call = () => {
    throw ApplicationFailure.create({
      ...{ type: 'Refused', message: 'no', details: [{ requestId: 'r-1', httpStatus: 409 }] },
    });
  };
  await decide(api.users.bob, await shown(id));
  expect(await ended(id)).toMatchObject({
    executionStatus: 'failed',
    outcome: { code: 'Refused', requestId: 'r-1' },
    attempts: [{ class: 'permanent', code: 'Refused', httpStatus: 409, requestId: 'r-1' }],
  });
});
