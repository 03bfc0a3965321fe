import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../api/engine.ts';
import { freePort } from '../../embedded/free-port.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { makePool } from '../../store/pool.ts';
import { submission } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { Answer, ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

function unavailable(answer: Answer, code: string): void {
  expect({ status: answer.status, code: answer.body.code }).toEqual({ status: 503, code });
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1|postgres/i);
}

test('without a worker a submission is answered 503 by the deadline, names its change, and can be repeated', async () => {
  const body = submission(randomUUID());
  const headers = { 'idempotency-key': randomUUID() };
  const since = Date.now();
  const first = await stack.api.call('/v1/changes', { body, headers });
  // By this API's own deadline, and not by any that Temporal or HTTP would set.
  expect(Date.now() - since).toBeLessThan(30_000);
  unavailable(first, 'engine_unavailable');
  const again = await stack.api.call('/v1/changes', { body, headers });
  unavailable(again, 'engine_unavailable');
  expect(again.body.changeId).toBe(first.body.changeId);
  const workflow = await stack.testbed.client.workflow
    .getHandle(`change-${String(first.body.changeId)}`)
    .describe();
  expect(workflow.status.name).toBe('RUNNING');
  expect(workflow.typedSearchAttributes.getAll().map(({ value }) => value)).toEqual(
    expect.arrayContaining(['ActiveCaCertificate', 'pending', 'not_started']),
  );
});

test('a decision of which no answer came is not said to be refused', async () => {
  const change = await stack.stored();
  await stack.testbed.client.workflow.start('change', {
    workflowId: `change-${change.id}`,
    taskQueue: 'countersign',
  });
  const body = { decision: 'approve', digest: change.digest };
  unavailable(
    await stack.api.call(`/v1/changes/${change.id}/decisions`, { body, as: 'bob' }),
    'outcome_not_known',
  );
});

test('a change whose workflow is gone is closed for decisions', async () => {
  const change = await stack.stored();
  const body = { decision: 'approve', digest: change.digest };
  const answer = await stack.api.call(`/v1/changes/${change.id}/decisions`, { body, as: 'bob' });
  expect(answer.body).toMatchObject({ status: 409, code: 'change_closed' });
});

test('without Temporal there are reads and no writes', async () => {
  const connection = Connection.lazy({ address: `127.0.0.1:${await freePort()}` });
  onTestFinished(() => connection.close());
  const client = new Client({ connection, namespace: stack.testbed.namespace });
  const api = await replicaOfTest(stack, { engine: createEngine(client, 1500) });
  const change = await stack.stored();
  unavailable(await api.call('/v1/changes', { body: submission(randomUUID()) }), 'engine_unavailable');
  const { status, body } = await api.call('/readyz');
  expect({ status, body }).toEqual({
    status: 503,
    body: {
      status: 'not ready',
      postgres: true,
      log: true,
      temporal: false,
      unsealed: { entries: expect.any(Number) as number, seconds: expect.any(Number) as number },
    },
  });
  expect((await api.call(`/v1/changes/${change.id}`)).status).toBe(200);
  expect((await api.call('/healthz')).status).toBe(200);
  const decision = { decision: 'approve', digest: change.digest };
  const answer = await api.call(`/v1/changes/${change.id}/decisions`, { body: decision, as: 'bob' });
  expect(answer.status).toBe(503);
});

test('a namespace that Temporal does not have is told as one, and not as something unforeseen', async () => {
  const { connection } = stack.testbed;
  const client = new Client({ connection, namespace: `none-${randomUUID()}` });
  const api = await replicaOfTest(stack, { engine: createEngine(client, 5000) });
  const change = await stack.stored();
  const decision = { decision: 'approve', digest: change.digest };
  for (const answer of [
    await api.call('/v1/changes', { body: submission(randomUUID()) }),
    await api.call(`/v1/changes/${change.id}/decisions`, { body: decision, as: 'bob' }),
  ])
    expect(answer.body).toMatchObject({ status: 500, code: 'engine_rejected', grpcStatus: 'NOT_FOUND' });
});

test('without Postgres nothing is read, written or started', async () => {
  const url = new URL(stack.testbed.database.url('api'));
  url.port = String(await freePort());
  const db = makePool({ connectionString: url.href, applicationName: 'test api' });
  onTestFinished(() => db.end());
  const api = await replicaOfTest(stack, { db });
  const key = randomUUID();
  const body = submission(randomUUID());
  unavailable(
    await api.call('/v1/changes', { body, headers: { 'idempotency-key': key } }),
    'log_unavailable',
  );
  unavailable(await api.call('/v1/changes', { body }), 'log_unavailable');
  unavailable(await api.call('/v1/changes'), 'log_unavailable');
  unavailable(await api.call(`/v1/changes/${randomUUID()}`), 'log_unavailable');
  unavailable(await api.call(`/v1/changes/${randomUUID()}/events`), 'log_unavailable');
  unavailable(await api.call('/v1/changes', { body, as: 'dave' }), 'log_unavailable');
  expect((await api.call('/readyz')).body).toEqual({
    status: 'not ready',
    postgres: false,
    log: false,
    temporal: true,
    unsealed: null,
  });
  expect((await api.call('/healthz')).status).toBe(200);
  expect((await api.call('/v1/operations')).status).toBe(200);
});

test('without the identity provider nobody is let in', async () => {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const api = await replicaOfTest(stack, {
    tokens: createTokenVerifier({ issuer, audience: 'countersign' }),
  });
  unavailable(await api.call('/v1/changes'), 'identity_unavailable');
});
