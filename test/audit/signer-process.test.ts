import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { openCheckpoint } from '../../audit/checkpoint.ts';
import { cosignedCheckpoint } from '../../audit/checkpoints.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { proveConsistency } from '../../audit/prove.ts';
import type { NoteVerifier } from '../../audit/note-key.ts';
import { readVerifiers } from '../../cli/keys.ts';
import { freePort } from '../../embedded/free-port.ts';
import { eventually } from '../support/service.ts';
import { draft } from './entry-fixture.ts';
import type { LogTask } from './log-process.ts';
import { signerGround } from './signer-ground.ts';
import type { SignerGround } from './signer-ground.ts';
import { signingPoints } from './signing-points.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** `countersign …` as a process, in the ground's home. */
function countersign(ground: SignerGround, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return startNode(ground, [main, ...args], env);
}

function startNode(ground: SignerGround, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_HOME: ground.home,
      COUNTERSIGN_LOG_ORIGIN: 'log.example/process',
      DATABASE_URL: ground.database.url('signer'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const read = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return { exited, kill, signal: (name: NodeJS.Signals) => child.kill(name), output: () => output };
}

async function append(ground: SignerGround, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await appendEntry(ground.worker, draft('attempt.started'));
}

/** Every entry has its place, is in a checkpoint that verifies, and each checkpoint continues the one before. */
async function expectSealed(ground: SignerGround): Promise<void> {
  await expectSealedBy(
    ground,
    await eventually(async () => (await readVerifiers([join(ground.home, 'keys', 'log.vkey')]))[0] ?? null),
  );
}

async function expectSealedBy(ground: SignerGround, log: NoteVerifier): Promise<void> {
  const notes = await eventually(
    async () => {
      const { rows } = await ground.superuser.query<{ pending: number }>(
        'select count(*)::int as pending from audit.pending',
      );
      const all = await ground.checkpoints();
      return rows[0]?.pending === 0 && all.at(-1)?.size === (await ground.size()) ? all : null;
    },
    () => 'not sealed',
    120_000,
  );
  const opened = notes.map(({ note }) => openCheckpoint(note, { log }));
  for (const [i, to] of opened.entries()) {
    const from = opened[i - 1];
    if (from) await proveConsistency(ground.signerPool, from, to);
  }
}

test('killed at each step it goes on, never with a fork; its key and memory are its user’s alone', async () => {
  const ground = await signerGround();
  for (const point of signingPoints) {
    const dying = startNode(ground, [join(import.meta.dirname, 'dying-signer.ts'), point]);
    await append(ground, 3);
    expect((await dying.exited)[1]).toBe('SIGKILL');
  }
  const healthy = countersign(ground, ['signer']);
  await append(ground, 2);
  await expectSealed(ground);
  const { rows } = await ground.superuser.query(`select from audit.entry where type = 'log.started'`);
  expect(rows).toHaveLength(1);
  await ground.anchored(join(ground.home, 'signer', 'checkpoints.log'));
  for (const [path, mode] of [
    ['signer', 0o700],
    [join('signer', 'log.key'), 0o600],
    [join('signer', 'memory'), 0o700],
    [join('signer', 'checkpoints.log'), 0o600],
  ] as const) {
    expect([path, (await stat(join(ground.home, path))).mode & 0o777]).toEqual([path, mode]);
  }
  healthy.signal('SIGTERM');
  expect(await healthy.exited).toEqual([0, null]);
}, 180_000);

test('paused while another takes over and signs on, then resumed: no fork, and both go on', async () => {
  const ground = await signerGround();
  const first = countersign(ground, ['signer']);
  await append(ground, 3);
  await expectSealed(ground);
  for (let n = 0; n < 2; n += 1) {
    first.signal('SIGSTOP');
    const second = countersign(ground, ['signer']);
    // Its session ends, as by a network that forgets it, and with it its lead.
    await ground.superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'countersign signer'`,
    );
    await append(ground, 3);
    await expectSealed(ground);
    first.signal('SIGCONT');
    await append(ground, 3);
    await second.kill();
    await append(ground, 3);
    await expectSealed(ground);
  }
}, 180_000);

test('stopped with a new checkpoint in its hands, it loses its lead by itself; resumed, it forks nothing', async () => {
  const ground = await signerGround();
  const task: LogTask = {
    does: 'sign',
    url: ground.database.url('signer'),
    memory: join(ground.home, 'memory'),
    privateKey: ground.key.privateKey,
    stopsAt: 'signed',
  };
  await ground.grow(3);
  const first = spawn(process.execPath, [join(import.meta.dirname, 'log-process.ts'), JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void first.kill('SIGKILL'));
  let said = '';
  first.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const hasSaid = (text: string) =>
    eventually(
      () => Promise.resolve(said.includes(text) || null),
      () => said,
    );
  await hasSaid('stops');
  const second = ground.signer();
  await ground.grow(3);
  await ground.signed();
  first.kill('SIGCONT');
  await hasSaid('session lost');
  await ground.grow(3);
  await ground.signed();
  // Only the first is left to sign.
  await second.stop();
  await ground.grow(3);
  await expectSealedBy(ground, ground.key.verifier);
  expect((await ground.remembered())?.refusal).toBeNull();
});

test('a witness of its own, killed and started again; a fork that an admin accepts goes on under another name', async () => {
  const ground = await signerGround();
  const port = String(await freePort());
  const env = { COUNTERSIGN_WITNESS_URL: `http://127.0.0.1:${port}` };
  const signer = countersign(ground, ['signer'], env);
  // It needs no database.
  const witness = countersign(ground, ['witness', '--port', port], { DATABASE_URL: '' });
  const cosigned = () =>
    eventually(async () => {
      const last = await cosignedCheckpoint(ground.signerPool);
      return last !== null && last.size === (await ground.size()) ? last : null;
    });
  await append(ground, 2);
  await expectSealed(ground);
  await cosigned();
  await witness.kill();
  await append(ground, 2);
  await expectSealed(ground);
  countersign(ground, ['witness', '--port', port], { DATABASE_URL: '' });
  await cosigned();

  const backup = await ground.backUp();
  await append(ground, 4);
  await expectSealed(ground);
  await backup.restore();
  await append(ground, 1);
  const memory = await openLogMemory(join(ground.home, 'signer', 'memory'));
  await eventually(async () => (await memory.read())?.value.refusal ?? null);
  await eventually(() => Promise.resolve(signer.output().includes('"level":60') ? true : null));
  const doctor = countersign(ground, ['--json', 'doctor']);
  await doctor.exited;
  expect(doctor.output()).toContain('the signer refuses');

  const silent = countersign(ground, ['signer', '--accept-loss', '--by', 'adam']);
  expect((await silent.exited)[0]).toBe(3);
  const again = countersign(ground, ['signer', '--resume', '--reason', 'hope', '--by', 'adam']);
  expect([(await again.exited)[0], again.output()]).toEqual([0, expect.anything()]);
  await eventually(async () => (await memory.read())?.value.refusal ?? null);
  const accept = countersign(ground, ['signer', '--accept-loss', '--reason', 'restored', '--by', 'adam'], {
    COUNTERSIGN_LOG_ORIGIN: '',
  });
  expect([(await accept.exited)[0], accept.output()]).toEqual([
    0,
    expect.stringContaining('log.example/process/2'),
  ]);
  // The running signer takes the new key up by itself.
  await append(ground, 2);
  await eventually(
    async () => {
      const last = (await ground.checkpoints()).at(-1);
      return last?.note.startsWith('log.example/process/2\n') && last.size === (await ground.size())
        ? true
        : null;
    },
    () => signer.output().slice(-2000),
  );
}, 240_000);
