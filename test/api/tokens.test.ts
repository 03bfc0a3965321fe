import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiTokenIssuer, withApiTokens } from '../../identity/api-token.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { apiTokenStore } from '../../store/api-token-store.ts';
import { makePool } from '../../store/pool.ts';
import { saveChange } from '../../store/save-change.ts';
import { submission } from '../support/service.ts';
import { replicaOfTest, startApiStack } from './api-stack.ts';
import type { Answer, ApiStack } from './api-stack.ts';

let stack: ApiStack;

beforeAll(async () => {
  stack = await startApiStack();
});

afterAll(() => stack.stop());

const day = 86_400_000;
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();

interface Issued {
  readonly id: string;
  readonly secret: string;
  readonly lastUsedAt: string | null;
}

async function issue(scopes: string[] = ['changes:request'], more: object = {}): Promise<Issued> {
  const body = { name: 'deploy pipeline', scopes, expiresAt: inMs(day), ...more };
  const answer = await stack.api.call('/v1/tokens', { as: 'adam', body });
  expect([answer.status, answer.body.code]).toEqual([201, undefined]);
  return answer.body as unknown as Issued;
}

const revoke = (id: string, as = 'adam') => stack.api.call(`/v1/tokens/${id}`, { as, method: 'DELETE' });
const use = (token: string) => stack.api.call('/v1/changes', { token });
const shown = async (id: string) => (await stack.api.call(`/v1/tokens/${id}`, { as: 'adam' })).body;
const entriesOf = async (id: string) =>
  (await stack.entries()).filter(({ token }) => (token as { id?: string } | undefined)?.id === id);

/** What tells nothing: the same whatever is wrong with a token. */
const bare = ({ status, body, headers }: Answer) => ({
  status,
  body: { ...body, instance: undefined },
  // But for the address of the replica that was asked.
  authenticate: headers.get('www-authenticate')?.replace(/resource_metadata="[^"]*"/, ''),
});

test('an admin issues a token, whose secret is shown once and kept nowhere', async () => {
  const answer = await stack.api.call('/v1/tokens', {
    as: 'adam',
    body: { name: 'deploy pipeline', scopes: ['changes:request', 'changes:request'], expiresAt: inMs(day) },
  });
  const { secret, ...token } = answer.body as unknown as Issued;
  expect(answer.headers.get('location')).toBe(`/v1/tokens/${token.id}`);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(secret).toMatch(/^cst_[\w-]{43}$/);
  expect(token).toEqual({
    id: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    name: 'deploy pipeline',
    scopes: ['changes:request'],
    issuedBy: { issuer: stack.testbed.identity.issuer, subject: 'adam', name: 'Adam Abbott' },
    issuedAt: expect.stringMatching(/Z$/) as unknown,
    expiresAt: expect.stringMatching(/Z$/) as unknown,
    revokedAt: null,
    revokedBy: null,
    lastUsedAt: null,
  });
  expect(await shown(token.id)).toEqual(token);
  expect((await stack.api.call('/v1/tokens', { as: 'adam' })).text).not.toContain('secret');

  const hash = createHash('sha256').update(secret).digest();
  const { rows } = await stack.api.pool.query<{ row: string }>(
    'select t::text as row from countersign.api_token t where hash = $1',
    [hash],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0]?.row).not.toContain(secret.slice(4));
  const log = JSON.stringify(await stack.entries());
  for (const form of [secret.slice(4), hash.toString('hex'), hash.toString('base64')]) {
    expect(log).not.toContain(form);
  }
  expect(await entriesOf(token.id)).toMatchObject([
    {
      type: 'token.issued',
      changeId: null,
      actor: { subject: 'adam', roles: ['admin'] },
      token: { id: token.id, name: 'deploy pipeline', scopes: ['changes:request'] },
    },
  ]);
});

test('no two secrets are alike', async () => {
  const secrets = await Promise.all(Array.from({ length: 20 }, async () => (await issue()).secret));
  expect(new Set(secrets).size).toBe(20);
});

test('a machine asks for a change as itself, reads and withdraws its own, and no other', async () => {
  const { id, secret: token } = await issue();
  const of = { issuer: apiTokenIssuer, subject: id };
  const requester = {
    ...stack.person(id, 'requester'),
    ...of,
    issuedBy: { issuer: stack.testbed.identity.issuer, subject: 'adam' },
  };
  const [own, other] = [await stack.stored({ requester }), await stack.stored()];
  const list = (await use(token)).body as unknown as { items: { id: string }[] };
  expect(list.items.map((c) => c.id)).toEqual([own.id]);
  expect((await stack.api.call(`/v1/changes/${own.id}`, { token })).status).toBe(200);
  expect((await stack.api.call(`/v1/changes/${other.id}`, { token })).status).toBe(404);
  expect((await stack.api.call(`/v1/changes/${other.id}/withdrawal`, { token, body: {} })).status).toBe(404);
  // Not refused: there is only no workflow behind the stored change.
  expect((await stack.api.call(`/v1/changes/${own.id}/withdrawal`, { token, body: {} })).body.code).toBe(
    'change_closed',
  );
  // Checked and taken up; without a worker it only gets no answer in time.
  const asked = await stack.api.call('/v1/changes', { token, body: submission(`SN-${id}`) });
  expect(asked.body.code).toBe('engine_unavailable');
});

test('a machine is never an approver, an operator or an admin, whatever its scopes', async () => {
  const { secret: token } = await issue(['changes:request', 'audit:read']);
  const change = await stack.stored();
  const path = `/v1/changes/${change.id}`;
  const codeOf = async (call: string, body: object) =>
    (await stack.api.call(call, { token, body })).body.code;
  expect(await codeOf(`${path}/decisions`, { decision: 'approve', digest: change.digest })).toBe(
    'missing_role',
  );
  expect(await codeOf(`${path}/execution`, { action: 'pause', comment: 'x' })).toBe('missing_role');
  expect(await codeOf(`${path}/withdrawal`, {})).toBe('missing_role');
  expect(await codeOf('/v1/tokens', { name: 'x', scopes: ['audit:read'], expiresAt: inMs(day) })).toBe(
    'missing_role',
  );
  // It holds the auditor's role, which may review, and is no somebody.
  await saveChange(stack.worker, {
    ...change,
    version: 2,
    reviewStatus: 'owed',
    closedAt: inMs(0),
  });
  expect(await codeOf(`${path}/review`, { comment: 'looks good' })).toBe('forbidden');
});

test('who issued a token may not decide or review what its machine asks for', async () => {
  const { id } = await issue();
  const requester = {
    ...stack.person(id, 'requester'),
    issuer: apiTokenIssuer,
    issuedBy: { issuer: stack.testbed.identity.issuer, subject: 'adam' },
  };
  const change = await stack.stored({ requester });
  const token = await stack.testbed.identity.tokenFor('adam', { roles: ['admin', 'approver'] });
  const answer = await stack.api.call(`/v1/changes/${change.id}/decisions`, {
    token,
    body: { decision: 'approve', digest: change.digest },
  });
  expect(answer.body.code).toBe('self_approval');
  await saveChange(stack.worker, { ...change, version: 2, reviewStatus: 'owed', closedAt: inMs(0) });
  const review = await stack.api.call(`/v1/changes/${change.id}/review`, { token, body: { comment: 'x' } });
  expect(review.body.code).toBe('self_review');
});

test('with audit:read a machine reads every change and asks for none', async () => {
  const { secret: token } = await issue(['audit:read']);
  const change = await stack.stored();
  expect((await stack.api.call(`/v1/changes/${change.id}/events`, { token })).status).toBe(200);
  expect((await stack.api.call('/v1/changes', { token, body: submission('SN-1') })).body.code).toBe(
    'missing_role',
  );
});

test('a revoked token ends at once, on every replica, and the answer is as for one that never was', async () => {
  const { id, secret } = await issue();
  const other = await replicaOfTest(stack, {});
  expect((await use(secret)).status).toBe(200);
  expect((await other.call('/v1/changes', { token: secret })).status).toBe(200);
  const revoked = await revoke(id);
  expect(revoked.body).toMatchObject({ id, revokedBy: { subject: 'adam' } });
  const never = await use(`cst_${'A'.repeat(43)}`);
  expect(never.body.code).toBe('unauthenticated');
  expect(bare(await use(secret))).toEqual(bare(never));
  expect(bare(await other.call('/v1/changes', { token: secret }))).toEqual(bare(never));
  // Again: the same answer, and no second entry.
  expect((await revoke(id)).body).toEqual(revoked.body);
  expect((await entriesOf(id)).map(({ type }) => type)).toEqual(['token.issued', 'token.revoked']);
});

test('an expired token, a changed one and one that only begins like one are the same to who sends them', async () => {
  const { secret } = await issue([`changes:request`], { expiresAt: inMs(3_600_000) });
  const never = bare(await use(`cst_${'A'.repeat(43)}`));
  const later = await replicaOfTest(stack, {
    tokens: withApiTokens(
      createTokenVerifier({ issuer: stack.testbed.identity.issuer, audience: 'countersign' }),
      apiTokenStore(stack.api.pool),
      () => Date.now() + 3_600_001,
    ),
  });
  expect((await use(secret)).status).toBe(200);
  expect(bare(await later.call('/v1/changes', { token: secret }))).toEqual(never);
  const last = secret.endsWith('A') ? 'E' : 'A';
  for (const token of [`${secret.slice(0, -1)}${last}`, `${secret}A`, 'cst_', secret.toLowerCase()]) {
    expect(bare(await use(token))).toEqual(never);
  }
});

test('last use is shown by the minute, and written once a minute', async () => {
  const { id, secret: token } = await issue();
  let now = Date.parse('2027-01-01T10:00:59.900Z');
  const used: string[] = [];
  const store = apiTokenStore(stack.api.pool);
  const clock = await replicaOfTest(stack, {
    tokens: withApiTokens(
      createTokenVerifier({ issuer: stack.testbed.identity.issuer, audience: 'countersign' }),
      { ...store, use: (of, at) => (used.push(at), store.use(of, at)) },
      () => now - 366 * day,
    ),
  });
  for (let n = 0; n < 3; n++) await clock.call('/v1/changes', { token });
  now += 200;
  await Promise.all([clock.call('/v1/changes', { token }), clock.call('/v1/changes', { token })]);
  await clock.call('/v1/changes', { token });
  expect(new Set(used)).toEqual(new Set(['2025-12-31T10:00:00.000Z', '2025-12-31T10:01:00.000Z']));
  expect(used.length).toBeLessThanOrEqual(3);
  expect(await shown(id)).toMatchObject({ lastUsedAt: '2025-12-31T10:01:00.000Z' });
});

/** As somebody who edits rows by hand. */
async function inDatabase(statement: string, id: string): Promise<void> {
  const pool = makePool({
    connectionString: stack.testbed.database.url('superuser'),
    applicationName: 'test by hand',
    max: 1,
  });
  try {
    await pool.query(statement, [id]);
  } finally {
    await pool.end();
  }
}

test.each<[string, (id: string) => Promise<unknown>]>([
  ['is revoked', (id) => revoke(id)],
  [
    'is revoked in the database itself',
    (id) =>
      inDatabase(`update countersign.api_token set revoked_at = now(), revoked_by = '{}' where id = $1`, id),
  ],
  [
    'is ended there',
    (id) =>
      inDatabase(
        `update countersign.api_token
         set issued_at = now() - interval '2 days', expires_at = now() - interval '1 day' where id = $1`,
        id,
      ),
  ],
  ['is deleted there', (id) => inDatabase('delete from countersign.api_token where id = $1', id)],
])('an open stream ends at once when its token %s, at every replica', async (_name, end) => {
  const { id, secret: token } = await issue(['audit:read']);
  const other = await replicaOfTest(stack, {});
  const change = await stack.stored();
  const streams = await Promise.all(
    [stack.api, other].map(async (replica) => {
      const response = await replica.open(`/v1/changes/${change.id}/events`, {
        token,
        headers: { accept: 'text/event-stream' },
      });
      expect(response.status).toBe(200);
      return response;
    }),
  );
  // Sooner than the beat, which asks again every 15 s, and without any entry of the change.
  const patience = AbortSignal.timeout(5000);
  await end(id);
  await Promise.race([Promise.all(streams.map((stream) => stream.text())), once(patience, 'abort')]);
  expect(patience.aborted).toBe(false);
});

test('an open stream ends when its token expires', async () => {
  const { secret: token } = await issue(['audit:read'], { expiresAt: inMs(1500) });
  const change = await stack.stored();
  const patience = AbortSignal.timeout(8000);
  const response = await stack.api.open(`/v1/changes/${change.id}/events`, {
    token,
    headers: { accept: 'text/event-stream' },
  });
  await Promise.race([response.text(), once(patience, 'abort')]);
  expect(patience.aborted).toBe(false);
});

test('an open stream whose token is revoked gets nothing more', async () => {
  const { id, secret: token } = await issue(['audit:read']);
  const change = await stack.stored();
  const response = await stack.api.open(`/v1/changes/${change.id}/events`, {
    token,
    headers: { accept: 'text/event-stream' },
  });
  const reading = response.text();
  await revoke(id);
  await stack.api.call(`/v1/changes/${change.id}/execution`, {
    as: 'bob',
    body: { action: 'pause', comment: 'x' },
  });
  expect(await reading).not.toContain('request.refused');
});

test.each<[string, object, string, string]>([
  ['without a name', { name: ' ' }, 'name', 'required'],
  ['with a long name', { name: 'x'.repeat(101) }, 'name', 'max_length'],
  ['without a scope', { scopes: [] }, 'scopes', 'minimum'],
  ['with an approver’s scope', { scopes: ['changes:decide'] }, 'scopes.0', 'one_of'],
  ['with a role', { scopes: ['admin'] }, 'scopes.0', 'one_of'],
  ['without an end', { expiresAt: undefined }, 'expiresAt', 'required'],
  ['with an end that is past', { expiresAt: inMs(-1000) }, 'expiresAt', 'future'],
  ['for more than a year', { expiresAt: inMs(367 * day) }, 'expiresAt', 'maximum'],
  ['with roles', { roles: ['admin'] }, 'roles', 'unknown_field'],
])('refused: a token %s', async (_name, more, field, rule) => {
  const body = { name: 'x', scopes: ['audit:read'], expiresAt: inMs(day), ...more };
  const answer = await stack.api.call('/v1/tokens', { as: 'adam', body });
  expect(answer.body).toMatchObject({ status: 400, code: 'invalid_request' });
  expect(answer.body.errors).toMatchObject([{ field, rule }]);
});

test('nobody but an admin sees, issues or revokes tokens, and who tries is recorded', async () => {
  const { id } = await issue();
  const body = { name: 'mine', scopes: ['audit:read'], expiresAt: inMs(day) };
  for (const answer of [
    await stack.api.call('/v1/tokens', { as: 'olga', body }),
    await stack.api.call('/v1/tokens', { as: 'olga' }),
    await stack.api.call(`/v1/tokens/${id}`, { as: 'olga' }),
    await revoke(id, 'olga'),
  ]) {
    expect(answer.body).toMatchObject({ status: 403, code: 'missing_role' });
  }
  expect(await shown(id)).toMatchObject({ revokedAt: null });
  const tried = (await stack.entries()).filter(({ actor }) => actor['subject'] === 'olga');
  expect(
    tried.map(({ type, outcome, wanted }) => [type, outcome, (wanted as { action: string }).action]),
  ).toEqual(['issue', 'list', 'list', 'revoke'].map((action) => ['request.refused', 'missing_role', action]));
});

test('what is unknown is not there', async () => {
  for (const id of ['0b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11', 'x', '%00']) {
    expect((await revoke(id)).body).toMatchObject({ status: 404, code: 'not_found' });
  }
  const answer = await stack.api.call('/v1/tokens?cursor=0b0e7a4e-7a2b-4c3f-9a55-0f2f0a8f3c11', {
    as: 'adam',
  });
  expect(answer.body).toMatchObject({ status: 400, errors: [{ field: 'cursor', rule: 'cursor' }] });
});

test('pages of tokens, the last issued first, neither repeat nor leave out', async () => {
  for (let n = 0; n < 5; n++) await issue();
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path: string = `/v1/tokens?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
    const { items, nextCursor } = (await stack.api.call(path, { as: 'adam' })).body as unknown as {
      items: { id: string }[];
      nextCursor: string | null;
    };
    ids.push(...items.map(({ id }) => id));
    cursor = nextCursor;
  }
  const { rows } = await stack.api.pool.query<{ id: string }>(
    'select id from countersign.api_token order by issued_at desc, id desc',
  );
  expect(ids).toEqual(rows.map(({ id }) => id));
});

test('a token that cannot be recorded is not issued', async () => {
  // Every statement is answered but the append's: this login may do what the API may with tokens, and append nothing.
  const admin = makePool({
    connectionString: stack.testbed.database.url('migrator'),
    applicationName: 'test',
  });
  await admin.query('grant insert, select on countersign.api_token to countersign_reader');
  const db = makePool({
    connectionString: stack.testbed.database.url('reader'),
    applicationName: 'test api',
  });
  try {
    const api = await replicaOfTest(stack, { db });
    const count = async () =>
      (await admin.query<{ n: string }>('select count(*) as n from countersign.api_token')).rows[0]?.n;
    const before = await count();
    const body = { name: 'x', scopes: ['audit:read'], expiresAt: inMs(day) };
    expect((await api.call('/v1/tokens', { as: 'adam', body })).status).toBe(500);
    expect(await count()).toBe(before);
  } finally {
    await admin.query('revoke all on countersign.api_token from countersign_reader');
    await Promise.all([admin.end(), db.end()]);
  }
});

test('one admin issues so many tokens a minute and no more', async () => {
  const api = await replicaOfTest(stack, { tokensPerMinute: 2 });
  const body = { name: 'x', scopes: ['audit:read'], expiresAt: inMs(day) };
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await api.call('/v1/tokens', { as: 'adam', body })).status);
  expect(statuses).toEqual([201, 201, 429]);
  const answer = await api.call('/v1/tokens', { as: 'adam', body });
  expect(answer.body.code).toBe('rate_limited');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await api.call('/v1/tokens', { as: 'adam' })).status).toBe(200);
});
