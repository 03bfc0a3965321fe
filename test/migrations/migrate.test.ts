import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { getOwner } from '../../store/get-owner.ts';
import { migrate } from '../../store/migrate.ts';
import { draft } from '../audit/entry-fixture.ts';
import { cloneDatabase, emptyDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { schemaText } from './schema-text.ts';

const folder = join(import.meta.dirname, '..', '..', 'migrations');
let names: string[];

beforeAll(async () => {
  names = (await readdir(folder))
    .filter((file) => /^\d{4}-[a-z-]+\.sql$/.test(file))
    .sort()
    .map((file) => file.replace('.sql', ''));
});

async function fresh(): Promise<TestDatabase> {
  const database = await emptyDatabase();
  onTestFinished(() => database.drop());
  return database;
}

test('a fresh database gets every migration, and a second run finds nothing to do', async () => {
  const database = await fresh();
  const databaseUrl = database.url('migrator');
  expect(await migrate({ databaseUrl })).toEqual({ applied: names });
  const schema = await schemaText(databaseUrl);
  expect(await migrate({ databaseUrl })).toEqual({ applied: [] });
  expect(await schemaText(databaseUrl)).toBe(schema);
});

test('of 20 at once, one applies and the others wait', async () => {
  const database = await fresh();
  const databaseUrl = database.url('migrator');
  const runs = await Promise.all(Array.from({ length: 20 }, () => migrate({ databaseUrl })));
  expect(runs.flatMap(({ applied }) => applied)).toEqual(names);
  await expectWorks(database);
});

test('databases of one server may be migrated at once', async () => {
  const databases = [await fresh(), await fresh(), await fresh(), await fresh()];
  await Promise.all(databases.map((database) => migrate({ databaseUrl: database.url('migrator') })));
  for (const database of databases) await expectWorks(database);
});

async function expectWorks(database: TestDatabase): Promise<void> {
  const pool = new pg.Pool({ connectionString: database.url('worker') });
  expect(await appendEntry(pool, draft())).toEqual({ created: true });
  await pool.end();
}

test('a migration that fails leaves nothing behind, and the earlier ones are not lost', async () => {
  const database = await fresh();
  const databaseUrl = database.url('migrator');
  const dir = await mkdtemp(join(tmpdir(), 'countersign-migrations-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const name of names) await copyFile(join(folder, `${name}.sql`), join(dir, `${name}.sql`));
  await migrate({ databaseUrl, dir });
  const schema = await schemaText(databaseUrl);
  const broken = join(dir, '9999-broken.sql');
  await writeFile(broken, 'create table countersign.half (n int); select 1 / 0;');
  await expect(migrate({ databaseUrl, dir })).rejects.toMatchObject({ code: '22012' });
  expect(await schemaText(databaseUrl)).toBe(schema);
  await writeFile(broken, 'create table countersign.half (n int);');
  expect(await migrate({ databaseUrl, dir })).toEqual({ applied: ['9999-broken'] });
});

test('a database with changes belongs to the installation that has made them', async () => {
  const database = await fresh();
  const databaseUrl = database.url('migrator');
  const dir = await mkdtemp(join(tmpdir(), 'countersign-migrations-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [older, newer] = [names.filter((name) => name < '0021'), names.filter((name) => name >= '0021')];
  for (const name of older) await copyFile(join(folder, `${name}.sql`), join(dir, `${name}.sql`));
  await migrate({ databaseUrl, dir });
  const pool = new pg.Pool({ connectionString: database.url('worker') });
  onTestFinished(() => pool.end());
  for (const namespace of ['before', 'orders'])
    await appendEntry(pool, { ...draft(), key: `${namespace}/change-1/change.requested/1` });
  expect(await migrate({ databaseUrl })).toEqual({ applied: newer });
  expect(await getOwner(pool)).toEqual({ installation: 'countersign', namespace: 'orders' });
});

test('a database that knows a migration which we lack is refused, not migrated', async () => {
  const database = await fresh();
  const databaseUrl = database.url('migrator');
  await migrate({ databaseUrl });
  const dir = await mkdtemp(join(tmpdir(), 'countersign-migrations-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [lacking = '', ...others] = names;
  for (const name of others) await copyFile(join(folder, `${name}.sql`), join(dir, `${name}.sql`));
  await writeFile(join(dir, '9999-more.sql'), 'create table countersign.more (n int);');
  const schema = await schemaText(databaseUrl);
  await expect(migrate({ databaseUrl, dir })).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringMatching(new RegExp(`${lacking}\\).*migrate a new database`)) as string,
  });
  expect(await schemaText(databaseUrl)).toBe(schema);
});

test.each(['superuser', 'api', 'worker', 'signer', 'reader'] as const)('%s may not migrate', async (role) => {
  const database = await fresh();
  await expect(migrate({ databaseUrl: database.url(role) })).rejects.toMatchObject({
    code: 'invalid_configuration',
  });
});

test('the committed schema is the one that the migrations make (vitest --update writes it anew)', async () => {
  const database = await cloneDatabase();
  onTestFinished(() => database.drop());
  const text = await schemaText(database.url('migrator'));
  await expect(text).toMatchFileSnapshot('../../migrations/schema.sql');
});
