import { afterAll, beforeAll, expect, test } from 'vitest';
import type pg from 'pg';
import { pinPolicy } from '../../activities/pin-policy.ts';
import { findEntry } from '../../audit/find-entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policiesIn, policyKey } from '../../domain/policy-entry.ts';
import { inTransaction } from '../../store/in-transaction.ts';
import { makePool } from '../../store/pool.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { honest } from '../support/honest.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = makePool({ connectionString: database.url('worker'), applicationName: 'test', max: 10 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('pinned by many at once, each at a time of its own: one entry, and whatever else they write is written', async () => {
  const policy = honest({ ...fourEyes, version: 'many' });
  const written = await Promise.all(
    Array.from({ length: 10 }, (_, n) =>
      inTransaction(pool, async (client) => {
        await pinPolicy(client, policy, `2026-11-24T09:00:0${n}.000Z`);
        await pinPolicy(client, policy, '2026-11-24T10:00:00.000Z');
        return (await client.query<{ n: number }>('select 1 as n')).rows[0]?.n;
      }),
    ),
  );
  expect(written).toEqual(Array.from({ length: 10 }, () => 1));
  const { rowCount } = await pool.query(`select from audit.entry where type = 'policy.pinned'`);
  expect(rowCount).toBe(1);
  const entry = await findEntry(pool, policyKey(policy.digest));
  expect(entry && policiesIn([entry])(policy.digest)).toEqual(policy);
});

test('a transaction that rolls back has pinned nothing', async () => {
  const policy = honest({ ...fourEyes, version: 'back' });
  const rolledBack = inTransaction(pool, async (client) => {
    await pinPolicy(client, policy, '2026-11-24T09:00:00.000Z');
    throw new Error('back');
  });
  await expect(rolledBack).rejects.toThrow('back');
  expect(await findEntry(pool, policyKey(policy.digest))).toBeNull();
});
