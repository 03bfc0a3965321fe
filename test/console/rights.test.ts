import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer } from '../../audit/check-server.ts';
import { DATABASE_PROCESSES } from '../../embedded/bootstrap-database.ts';
import { cloneDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let pool: pg.Pool;

beforeAll(async () => {
  database = await cloneDatabase();
  pool = new pg.Pool({ connectionString: database.url('console') });
});

afterAll(async () => {
  await pool.end();
  await database.drop();
});

test('the console’s login sees sessions and nothing else', async () => {
  await checkServer(pool);
  const { rows } = await pool.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema')
        and has_schema_privilege(n.oid, 'usage')
        and has_any_column_privilege(c.oid, 'select, insert, update, references')`,
  );
  expect(rows).toEqual([{ name: 'console.session' }]);
  for (const text of [
    'select from audit.entry',
    'select from countersign.change',
    'select from countersign.api_token',
    `select audit.append('x', ''::bytea)`,
    'create table console.other (n int)',
    'create table public.other (n int)',
    'truncate console.session',
    `update console.session set ends_at = 'infinity'`,
    `update console.session set id_hash = ''`,
  ]) {
    await expect(pool.query(text), text).rejects.toMatchObject({ code: '42501' });
  }
});

test.each(DATABASE_PROCESSES.filter((name) => name !== 'console'))(
  'the login of %s sees no session',
  async (name) => {
    const client = new pg.Client({ connectionString: database.url(name) });
    await client.connect();
    try {
      await expect(client.query('select from console.session')).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  },
);
