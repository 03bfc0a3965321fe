import { setTimeout as delay } from 'node:timers/promises';
import { createHash, randomUUID } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { DATABASE_PROCESSES, MIGRATOR_ROLE } from '../../embedded/bootstrap-database.ts';
import type { DatabaseProcess } from '../../embedded/bootstrap-database.ts';
import { migrate } from '../../store/migrate.ts';

/** Whom a test logs in as. */
export type DatabaseRole = 'migrator' | 'superuser' | DatabaseProcess;

/** A database of a test file's own. */
export interface TestDatabase {
  name: string;
  url(role: DatabaseRole): string;
  drop(): Promise<void>;
}

const migrations = join(import.meta.dirname, '..', '..', 'migrations');

/** A migrated database, cloned from the run's template in well under a second. Drop it in `afterAll`. */
export async function cloneDatabase(): Promise<TestDatabase> {
  return makeDatabase(await templateDatabase());
}

/** A database without any schema, as the migrations find it. */
export async function emptyDatabase(): Promise<TestDatabase> {
  return makeDatabase('template0');
}

async function makeDatabase(template: string): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await asSuperuser(async (client) => {
    await createDatabase(client, name, template);
  });
  return {
    name,
    url: (role) => urlOf(role, name),
    drop: () =>
      asSuperuser(async (client) => {
        await untilLeft(client, name);
        await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      }),
  };
}

/** A connection that was ended goes a moment later: cut off before that, it is an error that nobody handles. */
async function untilLeft(client: pg.Client, name: string): Promise<void> {
  for (const until = Date.now() + 5_000; Date.now() < until;) {
    const { rowCount } = await client.query('select from pg_stat_activity where datname = $1 limit 1', [
      name,
    ]);
    if (rowCount === 0) return;
    await delay(20);
  }
}

function urlOf(role: DatabaseRole, database: string): string {
  const url = new URL(role === 'superuser' ? inject('superuserUrl') : inject('databaseUrls')[role]);
  url.pathname = `/${database}`;
  return url.href;
}

/** Migrated once a run, whoever comes first; the others wait. */
async function templateDatabase(): Promise<string> {
  const name = `countersign_template_${await migrationsDigest()}`;
  await asSuperuser(async (client) => {
    await client.query(`select pg_advisory_lock(hashtext('countersign test template'))`);
    const { rows } = await client.query<{ datistemplate: boolean }>(
      'select datistemplate from pg_database where datname = $1',
      [name],
    );
    // Marked as a template once it is complete, so a half-made one is made again.
    if (rows[0]?.datistemplate === true) return;
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await createDatabase(client, name, 'template0');
    await migrate({ databaseUrl: urlOf('migrator', name) });
    await client.query(`ALTER DATABASE ${name} IS_TEMPLATE true`);
  });
  return name;
}

async function migrationsDigest(): Promise<string> {
  const digest = createHash('sha256');
  for (const file of (await readdir(migrations)).filter((f) => /^\d+.*\.sql$/.test(f)).sort()) {
    digest.update(file).update(await readFile(join(migrations, file)));
  }
  return digest.digest('hex').slice(0, 16);
}

async function createDatabase(client: pg.Client, name: string, template: string): Promise<void> {
  await client.query(`CREATE DATABASE ${name} TEMPLATE ${template} OWNER ${MIGRATOR_ROLE}`);
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  for (const process of DATABASE_PROCESSES) {
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO countersign_${process}`);
  }
}

/** A database as it was at a moment: what a backup is. */
export interface Backup {
  /** Puts it in the database's place, with nothing that came after. Whoever is connected loses the connection. */
  restore(): Promise<void>;
  drop(): Promise<void>;
}

/** Backs a database up. Whoever is connected loses the connection. */
export async function backUp({ name }: TestDatabase): Promise<Backup> {
  const copy = `${name}_backup`;
  await asSuperuser((client) => copyDatabase(client, copy, name));
  return {
    restore: () =>
      asSuperuser(async (client) => {
        await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
        await copyDatabase(client, name, copy);
      }),
    drop: () =>
      asSuperuser(async (client) => {
        await client.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`);
      }),
  };
}

/**
 * Takes a database away from everybody who is connected or wants to be: `unreachable`, or with all writes failing, as on a full
 * disk. Answers how to give it back.
 */
export async function takeAway(
  { name }: Pick<TestDatabase, 'name'>,
  how: 'unreachable' | 'unwritable',
): Promise<() => Promise<void>> {
  const set = (isAway: boolean): string =>
    how === 'unreachable'
      ? `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS ${isAway ? 'false' : 'true'}`
      : `ALTER DATABASE ${name} SET default_transaction_read_only = ${isAway ? 'on' : 'off'}`;
  const change = (isAway: boolean): Promise<void> =>
    asSuperuser(async (client) => {
      await client.query(set(isAway));
      await client.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [
        name,
      ]);
    });
  await change(true);
  return () => change(false);
}

/** Nobody may be connected to what is copied, so new connections are kept away meanwhile. */
async function copyDatabase(client: pg.Client, name: string, from: string): Promise<void> {
  await client.query(`ALTER DATABASE ${from} WITH ALLOW_CONNECTIONS false`);
  try {
    await client.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()',
      [from],
    );
    for (;;) {
      const { rows } = await client.query('select from pg_stat_activity where datname = $1', [from]);
      if (rows.length === 0) break;
    }
    await createDatabase(client, name, from);
  } finally {
    await client.query(`ALTER DATABASE ${from} WITH ALLOW_CONNECTIONS true`);
  }
}

async function asSuperuser(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: inject('superuserUrl') });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
