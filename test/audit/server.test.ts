import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { checkServer } from '../../audit/check-server.ts';
import { startSequencer } from '../../audit/sequencer.ts';
import { bootstrapDatabase } from '../../embedded/bootstrap-database.ts';
import type { DatabaseUrls } from '../../embedded/bootstrap-database.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import type { EmbeddedPostgres } from '../../embedded/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { makePool } from '../../store/pool.ts';
import { temporaryHome } from '../support/stack.ts';
import { draft } from './entry-fixture.ts';

// A server of its own: settings are changed, and it is killed.
let home: string;
let server: EmbeddedPostgres;
let urls: DatabaseUrls;

beforeAll(async () => {
  home = await temporaryHome();
  server = await startPostgres({ dataDir: join(home, 'postgres') });
  urls = await bootstrapDatabase({
    superuserUrl: server.superuserUrl,
    passwordFile: join(home, 'database-logins.json'),
  });
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const superuserOfDatabase = (): string => {
  const url = new URL(server.superuserUrl);
  url.pathname = '/countersign';
  return url.href;
};

async function set(setting: string, value: string): Promise<void> {
  await as(server.superuserUrl, async (client) => {
    await client.query(
      value === '' ? `alter system reset ${setting}` : `alter system set ${setting} = ${value}`,
    );
    await client.query('select pg_reload_conf()');
    const wanted = value === '' ? 'on' : value;
    for (;;) {
      const { rows } = await client.query<{ value: string }>('select current_setting($1) as value', [
        setting,
      ]);
      if (rows[0]?.value === wanted) return;
    }
  });
}

test('a database without the log is refused', async () => {
  await expect(as(urls.worker, checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('audit') as string,
  });
  await migrate({ databaseUrl: urls.migrator });
});

test('every process may start on a server as it should be', async () => {
  for (const name of ['api', 'worker', 'signer', 'reader'] as const) await as(urls[name], checkServer);
});

test.each(['fsync', 'full_page_writes', 'synchronous_commit'])('%s off is refused', async (setting) => {
  await set(setting, 'off');
  await expect(as(urls.worker, checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining(setting) as string,
  });
  await set(setting, '');
  await as(urls.worker, checkServer);
});

test('a database in another encoding than UTF-8 is refused', async () => {
  await as(server.superuserUrl, async (client) => {
    await client.query(`create database latin encoding 'LATIN1' locale 'C' template template0`);
    await client.query('grant connect on database latin to countersign_worker');
  });
  const url = new URL(urls.worker);
  url.pathname = '/latin';
  await expect(as(url.href, checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('server_encoding') as string,
  });
});

test('a superuser, the owner and whoever may write past append are refused', async () => {
  await expect(as(superuserOfDatabase(), checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('superuser') as string,
  });
  await expect(as(urls.migrator, checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('owner') as string,
  });
  await as(urls.migrator, (client) => client.query('grant delete on audit.pending to countersign_worker'));
  await expect(as(urls.worker, checkServer)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('audit.pending') as string,
  });
  await as(urls.migrator, (client) => client.query('revoke delete on audit.pending from countersign_worker'));
});

let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.reverse()) await end();
  ends = [];
});

test('the sequencer survives a crash of Postgres, and what was committed before it is there', async () => {
  const worker = makePool({ connectionString: urls.worker, applicationName: 'test' });
  const signer = makePool({ connectionString: urls.signer, applicationName: 'test' });
  const sequencer = startSequencer({ pool: signer });
  ends.push(
    () => worker.end(),
    () => signer.end(),
    () => sequencer.stop(),
  );
  const indexed = async (key: string): Promise<void> => {
    for (;;) {
      const { rowCount } = await worker.query(
        'select from audit.leaf l join audit.entry e on e.id = l.entry_id where e.event_key = $1',
        [key],
      );
      if (rowCount === 1) return;
    }
  };
  const before = draft();
  await appendEntry(worker, before);
  await indexed(before.key);
  const unsequenced = draft();
  await appendEntry(worker, unsequenced);

  const { port } = server;
  server.kill('SIGKILL');
  await server.exited;
  // A backend that is left over may still serve its connection for a moment, until it finds the server gone.
  await expect
    .poll(async () => appendEntry(worker, draft()).catch((error: unknown) => error), { timeout: 30_000 })
    .toMatchObject({ code: 'log_unavailable' });
  server = await startPostgres({ dataDir: join(home, 'postgres'), port });
  expect(server.port).toBe(port);

  expect(await appendEntry(worker, before)).toEqual({ created: false });
  await indexed(unsequenced.key);
  const after = draft();
  await appendEntry(worker, after);
  await indexed(after.key);
});
