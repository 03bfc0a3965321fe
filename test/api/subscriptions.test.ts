import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keepFileSubscriptions } from '../../tickets/outbox/keep-file-subscriptions.ts';
import { makePool } from '../../store/pool.ts';
import { startApiStack } from './api-stack.ts';
import type { ApiStack } from './api-stack.ts';

let stack: ApiStack;
beforeAll(async () => {
  stack = await startApiStack();
});
afterAll(() => stack.stop());

const url = 'https://hooks.example/countersign?token=very-secret';
const newName = () => `s-${randomUUID().slice(0, 8)}`;
const call = (path: string, sent: Parameters<ApiStack['api']['call']>[1] = {}) =>
  stack.api.call(`/v1/subscriptions${path}`, { as: 'adam', ...sent });
const create = (name: string, more: object = {}) => call('', { body: { name, url, ...more } });
const entriesOf = async (name: string) =>
  (await stack.entries()).filter(
    ({ subscription }) => (subscription as { name?: string } | undefined)?.name === name,
  );

/** Rows of the outbox as a deliverer leaves them, without one. */
async function dead(name: string, from: number): Promise<string> {
  const changeId = randomUUID();
  await asOwner(
    `insert into countersign.outbox (subscription, change_id, last_index, wanted_index, first_index, due_since, next_at,
       attempts, first_failed_at, last_error, dead_since)
     values ($1, $2, $3 - 1, $3 + 1, $3, '2026-11-28T09:00:00Z', '2026-11-29T09:00:00Z', 30, '2026-11-28T09:00:01Z',
       'answered 500', '2026-11-29T09:00:00Z')`,
    [name, changeId, from],
  );
  return changeId;
}

async function asOwner(sql: string, values: unknown[] = []): Promise<void> {
  const pool = makePool({
    connectionString: stack.testbed.database.url('migrator'),
    applicationName: 'test',
  });
  try {
    await pool.query(sql, values);
  } finally {
    await pool.end();
  }
}

test('an admin makes a subscription, whose secret is shown once and whose address never', async () => {
  const name = newName();
  const filter = { types: ['decision.*'], scope: { sn: ['0072*'] } };
  const answer = await create(name, { filter, form: 'cloudevents' });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('location')).toBe(`/v1/subscriptions/${name}`);
  const { secret, ...subscription } = answer.body;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(subscription).toMatchObject({
    name,
    source: 'api',
    target: { kind: 'webhook', host: 'hooks.example', form: 'cloudevents' },
    filter,
    state: 'active',
    createdBy: { subject: 'adam' },
    behind: 0,
    deadLetters: 0,
    oldestDueSince: null,
    oldestFailure: null,
  });
  expect((await call(`/${name}`)).body).toEqual(subscription);
  const list = await call('');
  expect(list.text).toContain(name);
  const entries = await entriesOf(name);
  expect(entries).toMatchObject([
    { type: 'subscription.created', actor: { subject: 'adam' }, changeId: null },
  ]);
  for (const text of [list.text, JSON.stringify(entries), JSON.stringify(subscription)]) {
    expect(text).not.toContain('very-secret');
    expect(text).not.toContain('whsec_');
  }
});

test('a name is used once, until its subscription is deleted', async () => {
  const name = newName();
  await create(name);
  const again = await create(name);
  expect([again.status, again.body.code]).toEqual([409, 'subscription_exists']);
  expect((await call(`/${name}`, { method: 'DELETE' })).status).toBe(200);
  expect((await call(`/${name}`, { method: 'DELETE' })).status).toBe(404);
  expect((await create(name)).status).toBe(201);
  expect((await entriesOf(name)).map(({ type }) => type)).toEqual([
    'subscription.created',
    'subscription.deleted',
    'subscription.created',
  ]);
});

test.each([
  ['a name with capitals', { name: 'Siem' }, 'name'],
  ['no name', { name: undefined }, 'name'],
  ['plain HTTP', { url: 'http://hooks.example/x' }, 'url'],
  ['plain HTTP on loopback', { url: 'http://127.0.0.1/x' }, 'url'],
  ['another scheme', { url: 'file:///etc/passwd' }, 'url'],
  ['no address', { url: 'hooks.example' }, 'url'],
  ['a user in it', { url: 'https://a:b@hooks.example/' }, 'url'],
  ['a fragment', { url: 'https://hooks.example/#x' }, 'url'],
  ['another form', { form: 'xml' }, 'form'],
  ['an empty list of types', { filter: { types: [] } }, 'filter.types'],
  ['an unknown part of the filter', { filter: { people: ['x'] } }, 'filter.people'],
  ['a private range, which the file alone allows', { allowNetworks: ['10.0.0.0/8'] }, 'allowNetworks'],
])('%s: 400 that names the field', async (_what, more, field) => {
  const answer = await call('', { body: { name: newName(), url, ...more } });
  expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
  expect(answer.body.errors?.map((error) => error.field)).toEqual([field]);
});

test('another secret is shown once, and recorded', async () => {
  const name = newName();
  const first = (await create(name)).body['secret'];
  const answer = await call(`/${name}/secrets`, { method: 'POST' });
  expect(answer.status).toBe(201);
  expect(answer.body['secret']).toMatch(/^whsec_/);
  expect(answer.body['secret']).not.toBe(first);
  expect((await entriesOf(name)).at(-1)).toMatchObject({
    type: 'subscription.changed',
    action: 'secret_replaced',
  });
});

test('dead letters are listed page by page and replayed singly or by range', async () => {
  const name = newName();
  await create(name);
  const ids = [await dead(name, 10), await dead(name, 20), await dead(name, 30), await dead(name, 30)];
  expect((await call(`/${name}`)).body).toMatchObject({
    behind: 4,
    deadLetters: 4,
    oldestDueSince: '2026-11-28T09:00:00.000Z',
    oldestFailure: { since: '2026-11-28T09:00:01.000Z', attempts: 30, nextAt: null, error: 'answered 500' },
  });
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await call(`/${name}/dead-letters?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`);
    const items = body['items'] as { changeId: string; from: number; to: number; why: string }[];
    expect(items[0]).toMatchObject({ why: 'answered 500' });
    seen.push(...items.map(({ changeId }) => changeId));
    cursor = body['nextCursor'] as string | null;
  }
  expect(seen.slice(0, 2)).toEqual(ids.slice(0, 2));
  expect(new Set(seen)).toEqual(new Set(ids));
  const replay = async (body: object) => (await call(`/${name}/replays`, { body })).body['replayed'];
  expect(await replay({ changeId: ids[0] })).toBe(1);
  expect(await replay({ changeId: ids[0] })).toBe(0);
  expect(await replay({ from: 20, to: 29 })).toBe(1);
  expect((await call(`/${name}`)).body).toMatchObject({ behind: 4, deadLetters: 2 });
  expect(await replay({ from: 0, to: 100 })).toBe(2);
  expect((await entriesOf(name)).filter(({ action }) => action === 'replayed')).toHaveLength(3);
  for (const body of [{}, { changeId: ids[0], from: 1, to: 2 }, { from: 1 }, { from: -1, to: 2 }]) {
    expect((await call(`/${name}/replays`, { body })).status).toBe(400);
  }
  expect((await call(`/${name}/dead-letters?cursor=nonsense`)).status).toBe(400);
});

test('a disabled one is made active again', async () => {
  const name = newName();
  await create(name);
  await asOwner(
    `update countersign.subscription set state = 'disabled', disabled_reason = 'answered 410' where name = $1`,
    [name],
  );
  expect((await call(`/${name}`)).body).toMatchObject({ state: 'disabled', disabledReason: 'answered 410' });
  for (let n = 0; n < 2; n++) {
    const answer = await call(`/${name}/activation`, { method: 'POST' });
    expect([answer.status, answer.body['state']]).toEqual([200, 'active']);
  }
  expect((await entriesOf(name)).filter(({ action }) => action === 'activated')).toHaveLength(1);
});

test('one of the file can be looked at, and is removed from the file alone', async () => {
  const pool = makePool({
    connectionString: stack.testbed.database.url('deliverer'),
    applicationName: 'test',
  });
  try {
    const target = { kind: 'system', system: 'jira' } as const;
    await keepFileSubscriptions(pool, [{ name: 'of-file', target, filter: {} }], new Date().toISOString());
  } finally {
    await pool.end();
  }
  expect((await call('/of-file')).body).toMatchObject({
    source: 'file',
    target: { kind: 'system', system: 'jira' },
  });
  expect((await call('/of-file', { method: 'DELETE' })).status).toBe(405);
  expect((await call('/of-file/secrets', { method: 'POST' })).status).toBe(405);
  expect((await create('of-file')).body.code).toBe('subscription_exists');
});
