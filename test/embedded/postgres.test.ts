import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startPostgres } from '../../embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../embedded/postgres.ts';
import { temporaryHome } from '../support/stack.ts';

let home: string;
let dataDir: string;
const running: EmbeddedPostgres[] = [];

beforeEach(async () => {
  home = await temporaryHome();
  dataDir = join(home, 'postgres');
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await rm(home, { recursive: true, force: true });
});

async function start(port?: number): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ dataDir, ...(port !== undefined && { port }) });
  running.push(server);
  return server;
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function settings(url: string, ...names: string[]): Promise<Record<string, string>> {
  const rows = await query(
    url,
    `select name, setting from pg_settings where name in (${names.map((name) => `'${name}'`).join()})`,
  );
  return Object.fromEntries(
    (rows as { name: string; setting: string }[]).map((row) => [row.name, row.setting]),
  );
}

test('it is durable, listens on 127.0.0.1 alone and asks for SCRAM', async () => {
  const server = await start();
  const names = ['fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'data_checksums'];
  expect(await settings(server.superuserUrl, ...names, 'unix_socket_directories', 'max_connections')).toEqual(
    {
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      listen_addresses: '127.0.0.1',
      data_checksums: 'on',
      unix_socket_directories: '',
      max_connections: '200',
    },
  );
  const methods = await query(server.superuserUrl, 'select distinct auth_method from pg_hba_file_rules');
  expect(methods).toEqual([{ auth_method: 'scram-sha-256' }]);
  const wrong = server.databaseUrl('postgres', 'postgres', 'guessed');
  await expect(query(wrong, 'select 1')).rejects.toMatchObject({ code: '28P01' });
});

test('the password is kept in a file that only its owner reads', async () => {
  const server = await start();
  const file = `${dataDir}.password`;
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(new URL(server.superuserUrl).password).toBe(await readFile(file, 'utf8'));
});

test('data survives a stop and a start', async () => {
  const first = await start();
  await query(first.superuserUrl, 'create table kept as select 42 as answer');
  await first.stop();
  await expect(first.exited).resolves.toMatchObject({ code: 0 });
  const second = await start();
  expect(await query(second.superuserUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('data survives SIGKILL, and the stale postmaster.pid is no obstacle', async () => {
  const first = await start();
  await query(first.superuserUrl, 'create table kept as select 42 as answer');
  first.kill('SIGKILL');
  await expect(first.exited).resolves.toMatchObject({ signal: 'SIGKILL' });
  expect(await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).toMatch(new RegExp(`^${first.pid}\n`, 'u'));
  const second = await start(first.port);
  expect(second.pid).not.toBe(first.pid);
  expect(await query(second.superuserUrl, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a start after one that was killed during initdb begins again', async () => {
  await writeFile(`${dataDir}.unfinished`, 'rubble');
  const server = await start();
  expect(await query(server.superuserUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a taken port gives another one', async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port));
  });
  try {
    const server = await start(port);
    expect(server.port).not.toBe(port);
    expect(await query(server.superuserUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
  } finally {
    taken.close();
  }
});

test('a second server on the same data is refused and leaves the first alone', async () => {
  const first = await start();
  await expect(start()).rejects.toThrow(`Another Postgres uses ${dataDir}`);
  expect(await query(first.superuserUrl, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('durability cannot be switched off', async () => {
  await expect(startPostgres({ dataDir, settings: { fsync: 'off' } })).rejects.toThrow('fsync');
});

test('a missing password and another version are told with the remedy', async () => {
  const server = await start();
  await server.stop();
  await rm(`${dataDir}.password`);
  await expect(start()).rejects.toThrow('Remedy');
  await writeFile(join(dataDir, 'PG_VERSION'), '17\n');
  await expect(start()).rejects.toThrow('Postgres 17');
});
