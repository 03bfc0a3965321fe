import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkServer } from '../../audit/check-server.ts';
import { bootstrapDatabase } from '../../embedded/bootstrap-database.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { migrate } from '../../store/migrate.ts';
import { temporaryHome } from '../support/stack.ts';
import { readCompose, root } from './compose-file.ts';

const sql = readFileSync(join(root, 'scripts', 'database-logins.sql'), 'utf8');
const homes: string[] = [];

/** Roles belong to a whole server, so each way of making them has one of its own. */
async function server() {
  const home = await temporaryHome();
  homes.push(home);
  return { home, ...(await startPostgres({ dataDir: join(home, 'postgres') })) };
}

let ours: Awaited<ReturnType<typeof server>>;
let reference: Awaited<ReturnType<typeof server>>;
beforeAll(async () => {
  ours = await server();
  reference = await server();
});
afterAll(async () => {
  await ours.stop();
  await reference.stop();
  await Promise.all(homes.map((home) => rm(home, { recursive: true, force: true })));
});

async function connected<T>(connectionString: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString });
  // The server may stop before it has seen that the connection ends.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function query<T extends pg.QueryResultRow>(connectionString: string, statement: string): Promise<T[]> {
  return connected(connectionString, async (client) => (await client.query<T>(statement)).rows);
}

function at(superuserUrl: string, login?: { user: string; password: string }): string {
  const url = new URL(superuserUrl);
  url.pathname = '/countersign';
  if (login) Object.assign(url, { username: login.user, password: login.password });
  return url.href;
}

/** As the one-shot of docker-compose.yml does: with the settings of its PGOPTIONS. */
async function makeLogins(passwords: Record<string, string>, database?: string, more = ''): Promise<void> {
  const options = readCompose().services['database-logins']?.environment.PGOPTIONS ?? '';
  const url = new URL(at(ours.superuserUrl));
  if (database !== undefined) url.pathname = `/${database}`;
  const optional = options.replaceAll(
    /\$\{DATABASE_([A-Z]+)_PASSWORD:-\}/g,
    (_all, name: string) => passwords[name.toLowerCase()] ?? '',
  );
  const given = optional.replaceAll(/\$\{DATABASE_([A-Z]+)_PASSWORD:\?[^}]*\}/g, (_all, name: string) => {
    const password = passwords[name.toLowerCase()];
    if (password === undefined) throw new Error(`no password of ${name}`);
    return password;
  });
  url.searchParams.set('options', `${given} ${more}`);
  await query(url.href, sql);
}

const passwords = {
  migrator: 'pw-m',
  api: 'pw-a',
  worker: 'pw-w',
  signer: 'pw-s',
  deliverer: 'pw-d',
  console: 'pw-c',
};

test('the script makes the same roles, twice, as the embedded stack has', async () => {
  await query(ours.superuserUrl, 'create database countersign');
  await makeLogins({ ...passwords, api: 'the-old-one' });
  await makeLogins(passwords);
  await bootstrapDatabase({
    superuserUrl: reference.superuserUrl,
    passwordFile: join(reference.home, 'logins.json'),
  });
  const described = (superuserUrl: string) =>
    query(
      at(superuserUrl),
      `select r.rolname as name, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
              r.rolcanlogin or r.rolname = 'countersign_reader_login' as login,
              array(select g.rolname || m.admin_option || m.inherit_option || m.set_option
                      from pg_auth_members m join pg_roles g on g.oid = m.roleid
                      where m.member = r.oid and g.rolname like 'countersign%' order by 1) as member_of,
              has_database_privilege(r.oid, current_database(), 'connect') as connects,
              (select datdba = r.oid from pg_database where datname = current_database()) as owns
         from pg_roles r where r.rolname like 'countersign%' order by 1`,
    );
  const made = await described(ours.superuserUrl);
  expect(made).toEqual(await described(reference.superuserUrl));
  expect(made).toHaveLength(13);
});

test('with them the migrations run, and each process passes the check of its start', async () => {
  const url = (process: keyof typeof passwords) =>
    at(ours.superuserUrl, {
      user: process === 'migrator' ? 'countersign_migrator' : `countersign_${process}_login`,
      password: passwords[process],
    });
  expect((await migrate({ databaseUrl: url('migrator') })).applied.length).toBeGreaterThan(0);
  for (const process of ['api', 'worker', 'signer', 'deliverer', 'console'] as const) {
    await expect(connected(url(process), checkServer)).resolves.toBeUndefined();
  }
});

test('who was given no password cannot log in', async () => {
  await expect(
    query(at(ours.superuserUrl, { user: 'countersign_reader_login', password: 'any' }), 'select 1'),
  ).rejects.toMatchObject({ code: '28P01' });
});

test('a reader that is given one can, and passes the check of its start', async () => {
  await makeLogins({ ...passwords, reader: 'pw-r' });
  const url = at(ours.superuserUrl, { user: 'countersign_reader_login', password: 'pw-r' });
  await expect(connected(url, checkServer)).resolves.toBeUndefined();
});

test('a login that is given no password keeps the one that it has', async () => {
  await makeLogins(passwords);
  const url = at(ours.superuserUrl, { user: 'countersign_reader_login', password: 'pw-r' });
  await expect(connected(url, checkServer)).resolves.toBeUndefined();
});

test('on a server whose logins are another database’s, nothing is changed unless it is told to', async () => {
  await query(ours.superuserUrl, 'create database second');
  const theirs = Object.fromEntries(Object.keys(passwords).map((name) => [name, `other-${name}`]));
  await expect(makeLogins(theirs, 'second')).rejects.toThrow(/those of the database countersign$/);
  const api = (password: string) => at(ours.superuserUrl, { user: 'countersign_api_login', password });
  expect(await query(api(passwords.api), 'select 1 as one')).toEqual([{ one: 1 }]);
  const [owner] = await query<{ name: string }>(
    ours.superuserUrl,
    `select datdba::regrole::text as name from pg_database where datname = 'second'`,
  );
  expect(owner?.name).not.toBe('countersign_migrator');

  await makeLogins(theirs, 'second', '-c countersign.shared_logins=on');
  expect(await query(api('other-api'), 'select 1 as one')).toEqual([{ one: 1 }]);
  // From then on the first one's script is refused as well: it would change both.
  await expect(makeLogins(passwords)).rejects.toThrow(/those of the database second$/);
});

test('the logins of a database that is gone are nobody’s', async () => {
  await query(ours.superuserUrl, 'drop database second');
  await makeLogins(passwords);
  const url = at(ours.superuserUrl, { user: 'countersign_api_login', password: passwords.api });
  await expect(connected(url, checkServer)).resolves.toBeUndefined();
});
