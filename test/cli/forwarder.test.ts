import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { folderSource } from '../../audit/forward/folder-place.ts';
import { followLog } from '../../audit/forward/follow-log.ts';
import { readTrustedKeys } from '../../audit/verify/trusted-keys.ts';
import { examineForwarding } from '../../cli/doctor-forwarding.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { forwardPlace } from '../../cli/forward-place.ts';
import { freePort } from '../../embedded/free-port.ts';
import { makeLog } from '../audit/log-fixture.ts';
import type { TestLog } from '../audit/log-fixture.ts';

vi.setConfig({ testTimeout: 120_000 });

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let home: string;
let log: TestLog;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'countersign-forwarder-'));
  log = await makeLog();
  await writeFile(join(home, 'log.vkey'), `${log.signer.publicKey}\n`);
});
afterAll(async () => {
  await log.drop();
  await rm(home, { recursive: true, force: true });
});

function settings(to: string) {
  return {
    COUNTERSIGN_HOME: home,
    COUNTERSIGN_LOG_PUBLIC_KEYS: join(home, 'log.vkey'),
    COUNTERSIGN_FORWARD_TO: to,
    COUNTERSIGN_FORWARD_SECONDS: '1',
    DATABASE_URL: log.database.url('reader'),
  };
}

async function forwarder(to: string, ...args: string[]) {
  const port = await freePort(0);
  const child = spawn(process.execPath, [main, 'forwarder', ...args], {
    env: { PATH: process.env.PATH, METRICS_PORT: String(port), ...settings(to) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  return {
    exited,
    output: () => output,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    /** Without the label that all have. */
    metrics: async () =>
      (await (await fetch(`http://127.0.0.1:${port}`)).text())
        .replaceAll(/,?otel_scope_name="countersign"/g, '')
        .replaceAll('{}', ''),
  };
}

const sizeAt = async (folder: string): Promise<number> =>
  Number((await folderSource(folder).read('checkpoint'))?.toString().split('\n')[1] ?? 0);
const follow = (folder: string) =>
  followLog({
    source: folderSource(folder),
    keys: readTrustedKeys([log.signer.publicKey]),
    last: null,
    freshness: { at: Date.now(), maxAge: null },
  });

test('killed while it writes, and started again, it forwards all there is; it tells how far behind it is', async () => {
  const folder = join(home, 'place');
  await log.grow(3000);
  const { size } = await log.seal();
  const first = await forwarder(folder);
  // As soon as it writes entries: 12 bundles, as many tiles and more.
  await vi.waitUntil(() => folderSource(folder).read('tile/entries/000'), { timeout: 30_000, interval: 2 });
  first.kill('SIGKILL');
  await first.exited;
  const env = readEnvironment(settings(folder));
  const behind = size - (await sizeAt(folder));
  expect((await examineForwarding(env, log.reader)).found).toContain(
    behind === 0 ? 'all that is sealed' : `${behind} behind`,
  );

  const second = await forwarder(folder);
  await vi.waitUntil(async () => (await sizeAt(folder)) === size, { timeout: 30_000 });
  expect(await follow(folder)).toMatchObject({ result: 'valid', entries: size });
  await log.grow(5);
  await log.seal();
  await vi.waitUntil(async () => (await sizeAt(folder)) === size + 5, { timeout: 30_000 });
  await vi.waitUntil(
    async () => (await second.metrics()).includes(`countersign_forwarded_size ${size + 5}`),
    {
      timeout: 30_000,
    },
  );
  const metrics = await second.metrics();
  expect(metrics).toMatch(/^countersign_forwarding_behind_entries 0$/m);
  expect(metrics).toMatch(/^countersign_forwarding_behind_seconds 0$/m);
  expect(metrics).toMatch(/^countersign_forwarder_refuses 0$/m);
  expect(await examineForwarding(env, log.reader)).toMatchObject({ ok: true });
  second.kill('SIGTERM');
  expect(await second.exited).toEqual([0, null]);
});

test('where the place has something else it raises an alarm, writes nothing, and goes on once that is mended', async () => {
  const folder = join(home, 'altered');
  await log.grow(300);
  await log.seal();
  const place = await forwardPlace(readEnvironment(settings(folder)));
  await place.create('tile/entries/000', Buffer.from('other'));
  const running = await forwarder(folder);
  await vi.waitUntil(() => running.output().includes('"alarm":"forwarded_log_differs"'), { timeout: 30_000 });
  const metrics = await running.metrics();
  expect(metrics).toContain('countersign_alarms_total{code="forwarded_log_differs"} 1');
  expect(metrics).toContain('countersign_forwarder_refuses{reason="forwarded_log_differs"} 1');
  expect(await place.read('checkpoint')).toBeNull();
  expect((await readFile(join(folder, 'tile/entries/000'))).toString()).toBe('other');
  running.kill('SIGTERM');
  await running.exited;

  await rm(join(folder, 'tile/entries/000'));
  const mended = await forwarder(folder, '--again');
  await vi.waitUntil(() => mended.output().includes('looked at everything again'), { timeout: 30_000 });
  expect(await follow(folder)).toMatchObject({ result: 'valid' });
});

test('a folder that cannot be made ends the process, and why is told', async () => {
  const file = join(home, 'a-file');
  await writeFile(file, '');
  const { exited, output } = await forwarder(join(file, 'place'));
  expect(await exited).toEqual([1, null]);
  expect(output()).toContain('ENOTDIR');
});

test.each([
  [{ COUNTERSIGN_FORWARD_TO: 'ftp://there' }, 'COUNTERSIGN_FORWARD_TO'],
  [{ COUNTERSIGN_FORWARD_TO: 's3://UPPER/x' }, 'COUNTERSIGN_FORWARD_TO'],
  [
    { COUNTERSIGN_FORWARD_TO: '/folder', COUNTERSIGN_FORWARD_LOCK_DAYS: '1' },
    'COUNTERSIGN_FORWARD_LOCK_DAYS',
  ],
  [{ COUNTERSIGN_FORWARD_TO: 's3://bucket' }, 'COUNTERSIGN_FORWARD_REGION'],
  [{ COUNTERSIGN_FORWARD_TO: 's3://bucket', COUNTERSIGN_FORWARD_REGION: 'r' }, 'AWS_ACCESS_KEY_ID'],
  [
    {
      COUNTERSIGN_FORWARD_TO: 'oss://bucket',
      COUNTERSIGN_FORWARD_REGION: 'r',
      COUNTERSIGN_FORWARD_ENDPOINT: 'http://oss.example',
    },
    'COUNTERSIGN_FORWARD_ENDPOINT',
  ],
  [{}, 'COUNTERSIGN_FORWARD_TO'],
])('wrong settings are refused: %j', async (env, name) => {
  await expect(forwardPlace(readEnvironment(env))).rejects.toMatchObject({
    code: 'invalid_configuration',
    errors: [{ field: name }],
  });
});

test('names and addresses of object stores', async () => {
  const key = {
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
    COUNTERSIGN_FORWARD_REGION: 'cn-x',
  };
  const nameOf = async (to: string): Promise<string> =>
    (await forwardPlace(readEnvironment({ ...key, COUNTERSIGN_FORWARD_TO: to }))).name;
  expect(await nameOf('s3://bucket')).toBe('s3://bucket');
  expect(await nameOf('s3://bucket/a/b/')).toBe('s3://bucket/a/b');
  expect(await nameOf('oss://bucket/a')).toBe('oss://bucket/a');
});
