import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { appenderOfType } from '../../domain/entry.ts';
import type { EventType } from '../../domain/entry.ts';
import { DATABASE_PROCESSES } from '../../embedded/bootstrap-database.ts';
import type { DatabaseProcess } from '../../embedded/bootstrap-database.ts';
import { cloneDatabase } from '../support/database.ts';
import type { DatabaseRole, TestDatabase } from '../support/database.ts';
import { draft } from './entry-fixture.ts';

let database: TestDatabase;
const pools = new Map<DatabaseRole, pg.Pool>();
const types = Object.keys(appenderOfType) as EventType[];
const guarded = ['entry', 'pending', 'leaf', 'head', 'tile', 'checkpoint', 'cosignature'];
const tables = ['event_type', ...guarded];

function as(role: DatabaseRole): pg.Pool {
  const pool = pools.get(role) ?? new pg.Pool({ connectionString: database.url(role), max: 2 });
  // The database is dropped while the server still ends its connections.
  if (!pools.has(role)) pool.on('error', () => undefined);
  pools.set(role, pool);
  return pool;
}

beforeAll(async () => {
  database = await cloneDatabase();
  // Rows to be attacked: one with an index and one without.
  await appendEntry(as('worker'), draft());
  await sequencePending(as('signer'), 1);
  await appendEntry(as('worker'), draft());
  await as('migrator').query(
    `insert into audit.tile values (0, 0, decode(repeat('00', 8192), 'hex'), sha256(''));
     insert into audit.checkpoint (size, root, note) values (1, sha256(''), 'a note');
     insert into audit.cosignature values (1, 'w', now(), '— w AAAAAAA=')`,
  );
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.end()));
  await database.drop();
});

const change: Record<string, string> = {
  event_type: `appender = 'api'`,
  entry: `type = type`,
  pending: `entry_id = entry_id`,
  leaf: `index = index`,
  head: `size = size + 1`,
  tile: `root = root`,
  checkpoint: `note = note`,
  cosignature: `line = line`,
};

function writes(table: string): string[] {
  return [
    `update audit.${table} set ${change[table]}`,
    `delete from audit.${table}`,
    `truncate audit.${table} cascade`,
  ];
}

describe.each(DATABASE_PROCESSES)('the role of %s', (role: DatabaseProcess) => {
  test('appends its own event types and no others', async () => {
    for (const type of types) {
      const appended = appendEntry(as(role), draft(type));
      if (appenderOfType[type] === role) expect(await appended).toEqual({ created: true });
      else await expect(appended).rejects.toMatchObject({ code: 'invalid_configuration' });
    }
  });

  test('writes no table of the log, and reads each, but for the console, which reads none', async () => {
    for (const table of tables) {
      for (const sql of writes(table))
        await expect(as(role).query(sql)).rejects.toMatchObject({ code: '42501' });
      await expect(
        as(role).query(`insert into audit.${table} overriding system value select * from audit.${table}`),
      ).rejects.toMatchObject({ code: '42501' });
      const read = as(role).query(`select * from audit.${table}`);
      if (role === 'console') await expect(read).rejects.toMatchObject({ code: '42501' });
      else await read;
    }
  });

  test('cannot get rid of what protects the log', async () => {
    for (const sql of [
      'set session_replication_role = replica',
      'alter table audit.entry disable trigger all',
      'drop table audit.entry cascade',
      'set role countersign_migrator',
      'create table audit.mine (n int)',
      'create function audit.append(text, text) returns void language sql as $$$$',
      'create or replace function audit.refuse() returns trigger language plpgsql as $$begin return null; end$$',
    ]) {
      await expect(as(role).query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });

  test.runIf(role !== 'signer')('gives no index and publishes nothing', async () => {
    await expect(sequencePending(as(role), 1)).rejects.toMatchObject({ code: 'invalid_configuration' });
    for (const sql of [
      `select audit.publish(1, sha256(''), '')`,
      `select audit.cosign(1, 'w', now(), '')`,
      `select audit.add_tile(0, 1, '')`,
      'select audit.extend_tree(0, 1)',
    ]) {
      await expect(as(role).query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  });
});

test.each(['migrator', 'superuser'] as const)('the triggers stop %s too', async (role) => {
  const client = new pg.Client({ connectionString: database.url(role) });
  await client.connect();
  try {
    if (role === 'superuser') await client.query('set session_replication_role = replica');
    for (const table of guarded) {
      for (const sql of writes(table))
        await expect(client.query(sql)).rejects.toMatchObject({ code: 'CS004' });
    }
  } finally {
    await client.end();
  }
});

test('the migrator, who owns the log, appends nothing', async () => {
  await expect(appendEntry(as('migrator'), draft())).rejects.toMatchObject({ code: 'invalid_configuration' });
});

test('the database has the same table of event types as the domain', async () => {
  const { rows } = await as('reader').query<{ type: string; appender: string }>(
    'select type, appender from audit.event_type',
  );
  expect(Object.fromEntries(rows.map(({ type, appender }) => [type, appender]))).toEqual(appenderOfType);
});

test('what PUBLIC may do in our schemas is nothing', async () => {
  const { rows } = await as('migrator').query(
    `select p.oid::regprocedure::text as name from pg_proc p
      where p.pronamespace in ('audit'::regnamespace, 'countersign'::regnamespace)
        and exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
     union all
     select c.oid::regclass::text from pg_class c
      where c.relnamespace in ('audit'::regnamespace, 'countersign'::regnamespace) and c.relkind in ('r', 'v', 'S')
        and exists (select from aclexplode(c.relacl) a where a.grantee = 0)`,
  );
  expect(rows).toEqual([]);
});
