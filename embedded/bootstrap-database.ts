import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { makeOnce, replaceFile } from './make-once.ts';

/** The processes that have a login role of their own: `countersign_<name>_login`. */
export const DATABASE_PROCESSES = ['api', 'worker', 'signer', 'deliverer', 'console', 'reader'] as const;
export type DatabaseProcess = (typeof DATABASE_PROCESSES)[number];

/** Role that owns the database and runs the migrations. It may make roles; it is no superuser. */
export const MIGRATOR_ROLE = 'countersign_migrator';

/** Options of {@link bootstrapDatabase}. */
export interface BootstrapOptions {
  /** URL of any database of the server as a superuser. */
  superuserUrl: string;
  /** JSON file with the login roles' passwords; made (0600) if missing, and made true on the server if present. */
  passwordFile: string;
  /** Database to make; default `countersign`. */
  database?: string;
}

/** A URL for each process, password included; none of them is a superuser's. */
export type DatabaseUrls = Record<'migrator' | DatabaseProcess, string>;

/**
 * Makes, where missing, the database (owned by {@link MIGRATOR_ROLE}), the group roles `countersign_<process>` that
 * the migrations grant rights to (NOLOGIN, administered by the migrator), and one login role per process, member of
 * its group. Idempotent, and safe when several run at once.
 *
 * @throws Error of `pg` when the server is not reachable or the login is no superuser.
 */
export async function bootstrapDatabase(options: BootstrapOptions): Promise<DatabaseUrls> {
  const database = options.database ?? 'countersign';
  const logins = loginRoles();
  const passwords = await readPasswords(options.passwordFile, logins);

  const client = new pg.Client({ connectionString: options.superuserUrl });
  await client.connect();
  try {
    // CREATE DATABASE cannot be part of a transaction: the lock is the session's.
    await client.query(`select pg_advisory_lock(hashtext('countersign bootstrap'))`);
    for (const name of DATABASE_PROCESSES) await makeRole(client, groupRole(name), 'NOLOGIN INHERIT');
    for (const login of logins) {
      const password = client.escapeLiteral(passwords[login] ?? '');
      const rights = login === MIGRATOR_ROLE ? 'CREATEROLE' : 'NOCREATEROLE';
      await makeRole(
        client,
        login,
        `LOGIN NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS ${rights} PASSWORD ${password}`,
      );
    }
    for (const name of DATABASE_PROCESSES) {
      await client.query(`GRANT ${groupRole(name)} TO ${loginRole(name)}`);
      // INHERIT FALSE: the migrator may hand out the groups' rights, it does not have them by itself.
      await client.query(
        `GRANT ${groupRole(name)} TO ${MIGRATOR_ROLE} WITH ADMIN TRUE, INHERIT FALSE, SET TRUE`,
      );
    }
    await makeDatabase(client, database);
  } finally {
    await client.end();
  }
  const url = (role: string): string => urlOf(options.superuserUrl, role, passwords[role] ?? '', database);
  return {
    migrator: url(MIGRATOR_ROLE),
    api: url(loginRole('api')),
    worker: url(loginRole('worker')),
    signer: url(loginRole('signer')),
    deliverer: url(loginRole('deliverer')),
    console: url(loginRole('console')),
    reader: url(loginRole('reader')),
  };
}

function groupRole(name: DatabaseProcess): string {
  return `countersign_${name}`;
}

function loginRole(name: DatabaseProcess): string {
  return `countersign_${name}_login`;
}

function loginRoles(): string[] {
  return [MIGRATOR_ROLE, ...DATABASE_PROCESSES.map(loginRole)];
}

function urlOf(base: string, user: string, password: string, database: string): string {
  const url = new URL(base);
  url.username = user;
  url.password = password;
  url.pathname = `/${database}`;
  return url.href;
}

async function makeRole(client: pg.Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_roles where rolname = $1', [role]);
  await client.query(`${rowCount === 0 ? 'CREATE' : 'ALTER'} ROLE ${role} ${attributes}`);
}

async function makeDatabase(client: pg.Client, database: string): Promise<void> {
  const name = client.escapeIdentifier(database);
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${name} OWNER ${MIGRATOR_ROLE}`);
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  for (const process of DATABASE_PROCESSES) {
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${groupRole(process)}`);
  }
}

/** The kept passwords, completed with new ones for roles that the file does not name. */
async function readPasswords(file: string, roles: readonly string[]): Promise<Record<string, string>> {
  const newPassword = () => randomBytes(24).toString('base64url');
  const textOf = (of: object) => JSON.stringify(of, null, 2);
  const kept = await makeOnce(file, () =>
    textOf(Object.fromEntries(roles.map((role) => [role, newPassword()]))),
  );
  let passwords: Record<string, string>;
  try {
    passwords = JSON.parse(kept) as Record<string, string>;
  } catch (cause) {
    throw new Error(`${file} is not JSON. Remedy: delete it; new passwords are then set.`, { cause });
  }
  const missing = roles.filter((role) => passwords[role] === undefined);
  if (missing.length === 0) return passwords;
  for (const role of missing) passwords[role] = newPassword();
  await replaceFile(file, textOf(passwords), 0o600);
  return passwords;
}
