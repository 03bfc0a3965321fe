import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scopes } from '../../domain/scope.ts';
import type { Scope } from '../../domain/scope.ts';
import { findApiToken } from '../../store/find-api-token.ts';
import { getApiToken } from '../../store/get-api-token.ts';
import { insertApiToken } from '../../store/insert-api-token.ts';
import { revokeApiToken } from '../../store/revoke-api-token.ts';
import { cloneDatabase } from '../support/database.ts';
import type { DatabaseRole, TestDatabase } from '../support/database.ts';

let database: TestDatabase;
const pools = new Map<DatabaseRole, pg.Pool>();

function as(role: DatabaseRole): pg.Pool {
  const pool = pools.get(role) ?? new pg.Pool({ connectionString: database.url(role), max: 2 });
  // The database is dropped while the server still ends its connections.
  if (!pools.has(role)) pool.on('error', () => undefined);
  pools.set(role, pool);
  return pool;
}

beforeAll(async () => {
  database = await cloneDatabase();
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.end()));
  await database.drop();
});

const by = { issuer: 'https://id.example', subject: 'adam', name: 'Adam' };
const token = (more: { scopes?: readonly Scope[]; expiresAt?: string } = {}) => ({
  id: randomUUID(),
  name: 'x',
  scopes,
  issuedBy: by,
  issuedAt: '2026-11-24T09:00:00.000Z',
  expiresAt: '2027-11-24T09:00:00.000Z',
  ...more,
});

const forbidden = { code: '42501' };

test.each([
  ['worker', 'hash'],
  ['reader', 'hash'],
  ['signer', 'id'],
] as const)('the role of %s sees no %s of a token, and writes none', async (role, column) => {
  await insertApiToken(as('api'), token(), randomBytes(32));
  for (const sql of [
    `select ${column} from countersign.api_token`,
    'update countersign.api_token set revoked_at = now()',
    'delete from countersign.api_token',
  ]) {
    await expect(as(role).query(sql)).rejects.toMatchObject(forbidden);
  }
  await expect(insertApiToken(as(role), token(), randomBytes(32))).rejects.toMatchObject(forbidden);
});

test('the API cannot make more of a token than was issued, nor take its row away', async () => {
  await insertApiToken(as('api'), token(), randomBytes(32));
  for (const sql of [
    `update countersign.api_token set scopes = '{audit:read}'`,
    `update countersign.api_token set expires_at = expires_at + interval '1 hour'`,
    `update countersign.api_token set hash = sha256('x')`,
    `update countersign.api_token set issued_by = '{}'`,
    'delete from countersign.api_token',
    'truncate countersign.api_token',
  ]) {
    await expect(as('api').query(sql)).rejects.toMatchObject(forbidden);
  }
});

test.each<[string, Parameters<typeof token>[0]]>([
  ['a role for a scope', { scopes: ['approver' as Scope] }],
  ['a scope that nobody knows', { scopes: ['audit:read', 'changes:decide' as Scope] }],
  ['no scope', { scopes: [] }],
  ['more than a year', { expiresAt: '2027-11-26T09:00:00.000Z' }],
  ['an end before its beginning', { expiresAt: '2026-11-24T08:59:59.000Z' }],
])('the table holds no token with %s', async (_name, more) => {
  await expect(insertApiToken(as('api'), token(more), randomBytes(32))).rejects.toMatchObject({
    code: '23514',
  });
});

test('what is revoked stays revoked, by whom it was first', async () => {
  const hash = randomBytes(32);
  const one = token();
  await insertApiToken(as('api'), one, hash);
  const at = '2026-11-24T10:00:00.000Z';
  expect(await revokeApiToken(as('api'), { id: one.id, by, at })).toBe(true);
  expect(await revokeApiToken(as('api'), { id: one.id, by: { ...by, subject: 'eve' }, at })).toBe(false);
  for (const [when, whom] of [
    [null, null],
    [at, '{}'],
  ]) {
    await expect(
      as('api').query('update countersign.api_token set revoked_at = $2, revoked_by = $3 where id = $1', [
        one.id,
        when,
        whom,
      ]),
    ).rejects.toMatchObject({ code: 'CS004' });
  }
  expect(await getApiToken(as('api'), one.id)).toMatchObject({ revokedAt: at, revokedBy: by });
  // The log tells of no such token.
  expect(await findApiToken(as('api'), hash)).toBeNull();
});
