import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, stat } from 'node:fs/promises';
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
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { signingPoints } from './signing-points.ts';

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** `countersign …` as a process, in the testbed's home. */
function countersign(testbed: SignerTestbed, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return startNode(testbed, [main, ...args], env);
}

function startNode(testbed: SignerTestbed, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      COUNTERSIGN_HOME: testbed.home,
      COUNTERSIGN_LOG_ORIGIN: 'log.example/process',
      DATABASE_URL: testbed.database.url('signer'),
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

async function append(testbed: SignerTestbed, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await appendEntry(testbed.worker, draft('attempt.started'));
}

/** Every entry has its place, is in a checkpoint that verifies, and each checkpoint continues the one before. */
async function expectSealed(testbed: SignerTestbed): Promise<void> {
  await expectSealedBy(
    testbed,
    await eventually(async () => (await readVerifiers([join(testbed.home, 'keys', 'log.vkey')]))[0] ?? null),
  );
}

async function expectSealedBy(testbed: SignerTestbed, log: NoteVerifier): Promise<void> {
  const notes = await eventually(
    async () => {
      const { rows } = await testbed.superuser.query<{ pending: number }>(
        'select count(*)::int as pending from audit.pending',
      );
      const all = await testbed.checkpoints();
      return rows[0]?.pending === 0 && all.at(-1)?.size === (await testbed.size()) ? all : null;
    },
    () => 'not sealed',
    120_000,
  );
  const opened = notes.map(({ note }) => openCheckpoint(note, { log }));
  for (const [i, to] of opened.entries()) {
    const from = opened[i - 1];
    if (from) await proveConsistency(testbed.signerPool, from, to);
  }
}

test('killed at each step it goes on, never with a fork; its key and memory are its user’s alone', async () => {
  const testbed = await signerTestbed();
  for (const point of signingPoints) {
    const dying = startNode(testbed, [join(import.meta.dirname, 'dying-signer.ts'), point]);
    await append(testbed, 3);
    expect((await dying.exited)[1]).toBe('SIGKILL');
  }
  const healthy = countersign(testbed, ['signer']);
  await append(testbed, 2);
  await expectSealed(testbed);
  const { rows } = await testbed.superuser.query(`select from audit.entry where type = 'log.started'`);
  expect(rows).toHaveLength(1);
  await testbed.anchored(join(testbed.home, 'signer', 'checkpoints.log'));
  for (const [path, mode] of [
    ['signer', 0o700],
    [join('signer', 'log.key'), 0o600],
    [join('signer', 'memory'), 0o700],
    [join('signer', 'checkpoints.log'), 0o600],
  ] as const) {
    expect([path, (await stat(join(testbed.home, path))).mode & 0o777]).toEqual([path, mode]);
  }
  healthy.signal('SIGTERM');
  expect(await healthy.exited).toEqual([0, null]);
}, 180_000);

test('paused while another takes over and signs on, then resumed: no fork, and both go on', async () => {
  const testbed = await signerTestbed();
  const first = countersign(testbed, ['signer']);
  await append(testbed, 3);
  await expectSealed(testbed);
  for (let n = 0; n < 2; n += 1) {
    first.signal('SIGSTOP');
    const second = countersign(testbed, ['signer']);
    // Its session ends, as by a network that forgets it, and with it its lead.
    await testbed.superuser.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name like 'countersign signer%'`,
    );
    await append(testbed, 3);
    await expectSealed(testbed);
    first.signal('SIGCONT');
    await append(testbed, 3);
    await second.kill();
    await append(testbed, 3);
    await expectSealed(testbed);
  }
}, 180_000);

test('stopped with a new checkpoint in its hands, it loses its lead by itself; resumed, it forks nothing', async () => {
  const testbed = await signerTestbed();
  const task: LogTask = {
    does: 'sign',
    url: testbed.database.url('signer'),
    memory: join(testbed.home, 'memory'),
    privateKey: testbed.key.privateKey,
    stopsAt: 'signed',
  };
  await testbed.grow(3);
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
  const second = testbed.signer();
  await testbed.grow(3);
  await testbed.signed();
  first.kill('SIGCONT');
  await hasSaid('session lost');
  await testbed.grow(3);
  await testbed.signed();
  // Only the first is left to sign.
  await second.stop();
  await testbed.grow(3);
  await expectSealedBy(testbed, testbed.key.verifier);
  expect((await testbed.remembered())?.refusal).toBeNull();
});

test('a witness of its own, killed and started again; a fork that an admin accepts goes on under another name', async () => {
  const testbed = await signerTestbed();
  const port = String(await freePort());
  const env = { COUNTERSIGN_WITNESS_URL: `http://127.0.0.1:${port}` };
  const signer = countersign(testbed, ['signer'], env);
  // It needs no database.
  const witness = countersign(testbed, ['witness', '--port', port], { DATABASE_URL: '' });
  const cosigned = () =>
    eventually(async () => {
      const last = await cosignedCheckpoint(testbed.signerPool);
      return last !== null && last.size === (await testbed.size()) ? last : null;
    });
  await append(testbed, 2);
  await expectSealed(testbed);
  await cosigned();
  await witness.kill();
  await append(testbed, 2);
  await expectSealed(testbed);
  countersign(testbed, ['witness', '--port', port], { DATABASE_URL: '' });
  await cosigned();

  const backup = await testbed.backUp();
  await append(testbed, 4);
  await expectSealed(testbed);
  await backup.restore();
  await append(testbed, 1);
  const memory = await openLogMemory(join(testbed.home, 'signer', 'memory'));
  await eventually(async () => (await memory.read())?.value.refusal ?? null);
  await eventually(() => Promise.resolve(signer.output().includes('"level":60') ? true : null));
  const doctor = countersign(testbed, ['--json', 'doctor']);
  await doctor.exited;
  expect(doctor.output()).toContain('the signer refuses');

  const silent = countersign(testbed, ['signer', '--accept-loss', '--by', 'adam']);
  expect((await silent.exited)[0]).toBe(3);
  const again = countersign(testbed, ['signer', '--resume', '--reason', 'hope', '--by', 'adam']);
  expect([(await again.exited)[0], again.output()]).toEqual([0, expect.anything()]);
  await eventually(async () => (await memory.read())?.value.refusal ?? null);
  const keyFile = join(testbed.home, 'signer', 'log.key');
  await chmod(keyFile, 0o640);
  const accept = countersign(testbed, ['signer', '--accept-loss', '--reason', 'restored', '--by', 'adam'], {
    COUNTERSIGN_LOG_ORIGIN: '',
  });
  expect([(await accept.exited)[0], accept.output()]).toEqual([
    0,
    expect.stringContaining('log.example/process/2'),
  ]);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o640);
  // The running signer takes the new key up by itself.
  await append(testbed, 2);
  await eventually(
    async () => {
      const last = (await testbed.checkpoints()).at(-1);
      return last?.note.startsWith('log.example/process/2\n') && last.size === (await testbed.size())
        ? true
        : null;
    },
    () => signer.output().slice(-2000),
  );
}, 240_000);
