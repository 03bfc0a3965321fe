import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import pg from 'pg';
import { CountersignError } from '../domain/error.ts';
import { prepareSession, sessionSettings } from './session-settings.ts';

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /** URL with the migrations' login role: owner of the database, may make roles, no superuser. */
  readonly databaseUrl: string;
  /** Folder of the numbered SQL files; default the repository's `migrations/`. */
  readonly dir?: string;
}

/** `pg_advisory_lock` key of migrations; any constant, the same in every release. */
const migrationLock = 6_331_772_049;
const oldestServer = 160_000;
/** A migration may take its time, and waits for the one that another process runs. */
const migrationSettings = {
  ...sessionSettings,
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
};

/**
 * Brings the database to the newest schema, in one transaction. Safe to repeat and to run by many at once: the others
 * wait and then find nothing to do.
 *
 * @returns the names of the migrations that this call applied
 * @throws CountersignError `invalid_configuration` for a superuser, for a role of a running process, for a server older
 * than Postgres 16, and for a database with migrations that this version does not have; errors of Postgres and of the connection as they are
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const client = new pg.Client({
    connectionString: options.databaseUrl,
    application_name: 'countersign migrate',
    connectionTimeoutMillis: 10_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await prepareSession(client, migrationSettings);
    const dir = options.dir ?? join(import.meta.dirname, '..', 'migrations');
    await checkMigrator(client);
    await checkMigrations(client, dir);
    const ran = await runner({
      dbClient: client,
      dir,
      // schema.sql is the outcome, kept for readers and compared in a test.
      ignorePattern: '(\\..*|schema\\.sql)',
      direction: 'up',
      migrationsSchema: 'countersign',
      createMigrationsSchema: true,
      migrationsTable: 'migration',
      singleTransaction: true,
      checkOrder: true,
      lockValue: migrationLock,
      advisoryLockMode: 'wait',
      log: () => undefined,
    });
    return { applied: ran.map((migration) => migration.name) };
  } finally {
    await client.end();
  }
}

/** Refuses the database of an earlier format, or of a newer version, before anything is written. */
async function checkMigrations(client: pg.Client, dir: string): Promise<void> {
  const { rows: made } = await client.query<{ made: boolean }>(
    `select to_regclass('countersign.migration') is not null as made`,
  );
  if (made[0]?.made !== true) return;
  const known = (await readdir(dir)).map((file) => file.replace(/\.sql$/, ''));
  const { rows } = await client.query<{ name: string }>(
    'select name from countersign.migration where name <> all($1) order by id',
    [known],
  );
  if (rows.length === 0) return;
  throw new CountersignError(
    'invalid_configuration',
    `the database was made by another version (this one does not have its migrations ${rows.map(({ name }) => name).join(', ')}): ` +
      'use the version that made it, or migrate a new database',
  );
}

async function checkMigrator(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{
    name: string;
    superuser: boolean;
    group: string | null;
    version: number;
  }>(
    `select r.rolname as name, r.rolsuper as superuser,
            current_setting('server_version_num')::int as version,
            (select g.rolname from pg_roles g
              where g.rolname in ('countersign_api', 'countersign_worker', 'countersign_signer', 'countersign_deliverer', 'countersign_reader')
                and pg_has_role(r.oid, g.oid, 'usage')
              limit 1) as group
       from pg_roles r where r.rolname = current_user`,
  );
  const role = rows[0];
  if (role === undefined) throw new CountersignError('invalid_configuration', 'the current role is unknown');
  if (role.version < oldestServer) {
    throw new CountersignError('invalid_configuration', `expected Postgres 16 or newer, got ${role.version}`);
  }
  if (role.superuser) {
    throw new CountersignError(
      'invalid_configuration',
      `migrations run as the owner of the database, not as a superuser; ${role.name} is a superuser`,
    );
  }
  if (role.group !== null) {
    throw new CountersignError(
      'invalid_configuration',
      `migrations run as a role of their own; ${role.name} has the rights of ${role.group}, a running process`,
    );
  }
}
