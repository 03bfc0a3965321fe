import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { makeOnce, textOf } from './make-once.ts';
import { startChild } from './child.ts';
import type { Child, ChildExit } from './child.ts';
import { freePort } from './free-port.ts';
import { makeHome } from './make-home.ts';
import { closedDirectory, postgresBinaries, postgresOsUser } from './postgres-binaries.ts';
import type { OsUser, PostgresBinaries } from './postgres-binaries.ts';

/** Options of {@link startPostgres}. */
export interface PostgresOptions {
  /**
   * Folder of the database cluster, made on the first start. The superuser's password is kept beside it, in
   * `<dataDir>.password`, readable by us alone.
   */
  dataDir: string;
  /** Preferred TCP port; a free one is taken when it is in use. */
  port?: number;
  /** Server settings beside ours, as of postgresql.conf. `fsync` and `full_page_writes` stay on. */
  settings?: Record<string, string>;
  /** Gets the server's log, line by line. */
  log?: (line: string) => void;
}

/** A running Postgres on 127.0.0.1. */
export interface EmbeddedPostgres {
  host: '127.0.0.1';
  port: number;
  /** URL of the database `postgres` as the superuser, password included. */
  superuserUrl: string;
  /** URL of a database on this server; without a password unless one is given. */
  databaseUrl(user: string, database: string, password?: string): string;
  /** The postmaster's. */
  pid: number;
  /** Settles when the postmaster has ended, on purpose or not. */
  exited: Promise<ChildExit>;
  /** Fast shutdown: sessions are ended, a checkpoint is written. Within 10 s, otherwise by force. */
  stop(): Promise<void>;
  /** For tests of faults: sends `signal` to the postmaster and does not wait. */
  kill(signal: NodeJS.Signals): void;
}

const MAJOR = '18';
const SUPERUSER = 'postgres';
const READY_WITHIN_MS = 90_000;
/** How long an earlier postmaster on the same folder may take to go away. */
const HANDOVER_MS = 15_000;
const SAFETY = ['fsync', 'full_page_writes'];

/**
 * Starts Postgres 18 on 127.0.0.1 over `dataDir`; makes the cluster if there is none. Works again after a clean
 * stop, after SIGKILL of the server and after SIGKILL of the process that started it. Passwords go by SCRAM-SHA-256
 * and there is no Unix socket. As root it runs as the OS user `postgres`.
 *
 * @throws Error that says what is missing and the remedy: programs, folder rights, password file, another version's
 * data, another server on the same data.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  for (const name of SAFETY) {
    if (options.settings && name in options.settings) {
      throw new Error(
        `Postgres setting ${name} must stay on: the audit log rests on it. Remedy: leave it out.`,
      );
    }
  }
  const user = postgresOsUser();
  const home = dirname(dataDir);
  await makeHome(home);
  const closed = user && closedDirectory(home, user);
  if (closed !== undefined) {
    throw new Error(
      `Postgres runs as the OS user "postgres" (it refuses root), who may not enter ${closed}. ` +
        `Remedy: run this as an ordinary user, or "chmod o+x ${closed}", or set COUNTERSIGN_HOME to a folder ` +
        'that others may enter, for example /var/lib/countersign.',
    );
  }
  const binaries = await postgresBinaries(home, user);
  const password = await makeCluster(dataDir, binaries, user);

  const until = Date.now() + HANDOVER_MS;
  for (;;) {
    const port = await freePort(options.port);
    const server = await startChild({
      command: binaries.postgres,
      args: serverArguments(dataDir, port, options.settings),
      env: environment(),
      cwd: '/',
      stopSignal: 'SIGINT',
      log: options.log,
      ...user,
    });
    const superuserUrl = url(port, SUPERUSER, 'postgres', password);
    if (await isReady(server, superuserUrl)) return handle(server, port, superuserUrl);

    const output = server.lastLines();
    const occupied = /lock file .* already exists|pre-existing shared memory block/u.test(output);
    const portTaken = output.includes('Address already in use');
    if ((occupied || portTaken) && Date.now() < until) {
      await delay(250);
      continue;
    }
    throw new Error(
      occupied
        ? `Another Postgres uses ${dataDir}. Remedy: stop it (its process id is the first line of ` +
            `${join(dataDir, 'postmaster.pid')}), or set COUNTERSIGN_HOME to another folder.`
        : `Postgres did not start on ${dataDir}. It said:\n${output}`,
    );
  }
}

function handle(server: Child, port: number, superuserUrl: string): EmbeddedPostgres {
  return {
    host: '127.0.0.1',
    port,
    superuserUrl,
    databaseUrl: (name, database, password) => url(port, name, database, password),
    pid: server.pid,
    exited: server.exited,
    stop: () => server.stop(),
    kill: (signal) => server.kill(signal),
  };
}

function url(port: number, user: string, database: string, password?: string): string {
  const login = password === undefined ? user : `${user}:${encodeURIComponent(password)}`;
  return `postgres://${login}@127.0.0.1:${port}/${database}`;
}

function serverArguments(dataDir: string, port: number, settings: Record<string, string> = {}): string[] {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    password_encryption: 'scram-sha-256',
    max_connections: '200',
    log_checkpoints: 'off',
    ...settings,
  };
  return ['-D', dataDir, '-p', String(port), ...Object.entries(all).flatMap(([k, v]) => ['-c', `${k}=${v}`])];
}

/** Nothing of ours: PG* variables of the caller's shell would change what the programs do. */
function environment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

async function isReady(server: Child, superuserUrl: string): Promise<boolean> {
  const until = Date.now() + READY_WITHIN_MS;
  while (!server.hasExited()) {
    const client = new pg.Client({ connectionString: superuserUrl, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      // The port may have been taken by another server between the look and the start: ask whose it is.
      const { rows } = await client.query<{ mine: boolean }>(
        `select pg_read_file('postmaster.pid') like $1 || E'\\n%' as mine`,
        [String(server.pid)],
      );
      if (rows[0]?.mine === true) return true;
    } catch (error) {
      if (Date.now() > until) {
        await server.stop();
        throw new Error(`Postgres did not answer within ${READY_WITHIN_MS / 1000} s.`, { cause: error });
      }
    } finally {
      await client.end().catch(() => undefined);
    }
    await Promise.race([delay(50), server.exited]);
  }
  return false;
}

/** Makes the cluster if there is none; returns the superuser's password. */
async function makeCluster(dataDir: string, binaries: PostgresBinaries, user?: OsUser): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  const version = await textOf(join(dataDir, 'PG_VERSION'));
  if (version !== null) {
    if (version.trim() !== MAJOR) {
      throw new Error(
        `${dataDir} holds data of Postgres ${version.trim()}, this is ${MAJOR}. ` +
          'Remedy: move the folder away, or upgrade it with pg_upgrade.',
      );
    }
    const password = await textOf(passwordFile);
    if (password !== null) return password;
    throw new Error(
      `The password of the Postgres superuser is missing: ${passwordFile}. ` +
        `Remedy: restore the file, or move ${dataDir} away to begin with an empty database.`,
    );
  }

  // One that is there may be of a cluster that is not in its place just now.
  const password = await makeOnce(passwordFile, () => randomBytes(24).toString('base64url'));
  // Made beside and renamed, so that a start that was killed half-way leaves no half cluster behind.
  const unfinished = `${dataDir}.unfinished`;
  const handedOver = `${dataDir}.initdb-password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(handedOver, password, { mode: 0o600 });
  if (user) {
    await chown(unfinished, user.uid, user.gid);
    await chown(handedOver, user.uid, user.gid);
  }
  try {
    const initdb = await startChild({
      command: binaries.initdb,
      args: [
        `--pgdata=${unfinished}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${handedOver}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
      ],
      env: environment(),
      cwd: '/',
      stopSignal: 'SIGTERM',
      ...user,
    });
    const { code } = await initdb.exited;
    if (code !== 0) throw new Error(`initdb could not make ${unfinished}. It said:\n${initdb.lastLines()}`);
  } finally {
    await rm(handedOver, { force: true });
  }
  await chmod(unfinished, 0o700);
  await rename(unfinished, dataDir);
  return password;
}
