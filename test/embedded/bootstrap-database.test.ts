import { randomUUID } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bootstrapDatabase, DATABASE_PROCESSES } from '../../embedded/bootstrap-database.ts';
import type { DatabaseUrls } from '../../embedded/bootstrap-database.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../embedded/postgres.ts';
import { temporaryHome } from '../support/stack.ts';

// A server of its own: roles belong to the whole server, and other tests use those of the shared one.
let home: string;
let server: EmbeddedPostgres;
let passwordFile: string;
let urls: DatabaseUrls;

beforeAll(async () => {
  home = await temporaryHome();
  server = await startPostgres({ dataDir: join(home, 'postgres') });
  passwordFile = join(home, 'database-logins.json');
  urls = await bootstrapDatabase({ superuserUrl: server.superuserUrl, passwordFile });
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

async function query(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const sql of statements) rows = (await client.query<Record<string, unknown>>(sql)).rows;
    return rows;
  } finally {
    await client.end();
  }
}

test('every process logs in as a role without powers', async () => {
  for (const [name, url] of Object.entries(urls)) {
    const rows = await query(
      url,
      `select rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
              current_database() as database
         from pg_roles where rolname = current_user`,
    );
    expect(rows).toEqual([
      {
        rolname: name === 'migrator' ? 'countersign_migrator' : `countersign_${name}_login`,
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: name === 'migrator',
        rolreplication: false,
        rolbypassrls: false,
        database: 'countersign',
      },
    ]);
  }
});

test('a right that the migrator grants to a group reaches its login and no other', async () => {
  await query(
    urls.migrator,
    'create table public.notes as select 1 as n',
    'grant select on notes to countersign_api',
  );
  expect(await query(urls.api, 'select n from notes')).toEqual([{ n: 1 }]);
  for (const name of DATABASE_PROCESSES.filter((process) => process !== 'api')) {
    await expect(query(urls[name], 'select n from notes')).rejects.toMatchObject({ code: '42501' });
  }
});

test('a process can make nothing and cannot become another', async () => {
  await expect(query(urls.api, 'create table public.mine (n int)')).rejects.toMatchObject({ code: '42501' });
  await expect(query(urls.api, 'set role countersign_worker')).rejects.toMatchObject({ code: '42501' });
  await expect(query(urls.api, 'set role countersign_migrator')).rejects.toMatchObject({ code: '42501' });
});

test('the migrator may hand out membership of the groups', async () => {
  const role = `extra_${randomUUID().replaceAll('-', '')}`;
  await query(urls.migrator, `create role ${role} login`, `grant countersign_reader to ${role}`);
  const rows = await query(
    urls.migrator,
    `select pg_has_role('${role}', 'countersign_reader', 'member') as member`,
  );
  expect(rows).toEqual([{ member: true }]);
});

test('it can be repeated, by several at once, and keeps the passwords', async () => {
  const again = await Promise.all(
    Array.from({ length: 5 }, () => bootstrapDatabase({ superuserUrl: server.superuserUrl, passwordFile })),
  );
  for (const repeated of again) expect(repeated).toEqual(urls);
  expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
});

test('lost passwords are replaced', async () => {
  const fresh = await bootstrapDatabase({
    superuserUrl: server.superuserUrl,
    passwordFile: join(home, 'other-logins.json'),
  });
  await expect(query(urls.api, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  expect(await query(fresh.api, 'select 1 as one')).toEqual([{ one: 1 }]);
  urls = await bootstrapDatabase({ superuserUrl: server.superuserUrl, passwordFile });
});
