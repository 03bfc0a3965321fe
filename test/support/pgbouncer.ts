import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../embedded/free-port.ts';

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** PgBouncer as this machine has it, or null. Nothing installs it: `apt-get install pgbouncer`, or CI's own step. */
export const pgbouncerBinary: string | null =
  folders.map((folder) => join(folder, 'pgbouncer')).find((file) => existsSync(file)) ?? null;

/** A PgBouncer in front of the server of some URLs. */
export interface PgBouncer {
  /** The same database and login, by way of PgBouncer. */
  through(url: string): string;
  stop(): Promise<void>;
}

/** Starts PgBouncer on loopback, with no parameters of the start but those that it knows by itself. */
export async function startPgBouncer(
  urls: readonly string[],
  poolMode: 'session' | 'transaction' | 'statement',
): Promise<PgBouncer> {
  if (pgbouncerBinary === null) throw new Error('there is no pgbouncer on this machine');
  const folder = await mkdtemp(join(tmpdir(), 'countersign-pgbouncer-'));
  const port = await freePort();
  const parsed = urls.map((url) => new URL(url));
  const [server] = parsed;
  const logins = parsed.map(({ username, password }) =>
    [username, password].map((part) => `"${decodeURIComponent(part)}"`).join(' '),
  );
  const ini = join(folder, 'pgbouncer.ini');
  await writeFile(join(folder, 'users.txt'), `${logins.join('\n')}\n`);
  await writeFile(
    ini,
    [
      '[databases]',
      `* = host=${server?.hostname ?? ''} port=${server?.port ?? ''}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = scram-sha-256',
      `auth_file = ${join(folder, 'users.txt')}`,
      `pool_mode = ${poolMode}`,
      'default_pool_size = 30',
      '',
    ].join('\n'),
  );
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) {
    const nobody = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    for (const path of [folder, ini, join(folder, 'users.txt')]) {
      await chmod(path, path === folder ? 0o700 : 0o600);
      await chown(path, nobody, -1);
    }
  }
  const child = spawn(pgbouncerBinary, ['-q', ...(isRoot ? ['-u', 'nobody'] : []), ini], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit');
  for (let tries = 0; !(await listens(port)); tries++) {
    if (child.exitCode !== null || tries > 200) throw new Error(`PgBouncer did not start: ${output}`);
    await delay(50);
  }
  return {
    through(url) {
      const through = new URL(url);
      through.port = String(port);
      return through.href;
    },
    async stop() {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
