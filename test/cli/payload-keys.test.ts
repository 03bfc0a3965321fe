import { execFile } from 'node:child_process';
import { chmod, chown, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import { addNextPayloadKey, openPayloadKeys, payloadKeys } from '../../cli/payload-keys.ts';
import { openPayloads } from '../../cli/payloads.ts';
import { newPayloadKey, payloadKeysText, readPayloadKeys } from '../../codec/key-ring.ts';
import type { HostCodec } from '../../codec/host-codec.ts';
import { temporaryHome } from '../support/stack.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');

async function freshHome() {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

const rotate = ['keys', 'rotate', 'payload'];
const logged: string[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (...said: unknown[]) => void logged.push(String(said.at(-1))),
};

/** The keys of a home as a process that is told of them has them. */
async function opened(home: string) {
  const file = await payloadKeys(readEnvironment({ COUNTERSIGN_HOME: home }));
  const env = readEnvironment({ COUNTERSIGN_HOME: home, COUNTERSIGN_PAYLOAD_KEYS: file });
  const ring = await openPayloadKeys(env, log);
  if (ring === null) throw new Error('there is no ring');
  return { file, env, ring };
}

test('the file is made once, for its owner alone, and used where it is named', async () => {
  const home = await freshHome();
  const env = readEnvironment({ COUNTERSIGN_HOME: home });
  const files = await Promise.all(Array.from({ length: 20 }, () => payloadKeys(env)));
  expect(new Set(files).size).toBe(1);
  const [file = ''] = files;
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const [key] = readPayloadKeys(await readFile(file, 'utf8'), file);
  expect(await openPayloadKeys(env, log)).toBe(null);
  const { ring } = await opened(home);
  expect(ring.current()).toEqual(key);
});

test('countersign keys makes the file of its home where the environment names just that one, and tells of one elsewhere', async () => {
  const home = await freshHome();
  const own = join(home, 'payload', 'payload.keys');
  const keys = async (named: string) => {
    const env = { PATH: process.env.PATH, COUNTERSIGN_HOME: home, COUNTERSIGN_PAYLOAD_KEYS: named };
    return (await run(process.execPath, [join(root, 'cli', 'main.ts'), 'keys'], { env, cwd: root })).stdout;
  };
  expect(await keys(join(home, 'payload', '..', 'payload', 'payload.keys'))).toContain(
    'for API and workers alone',
  );
  expect(readPayloadKeys(await readFile(own, 'utf8'), own)).toMatchObject([{ use: 'current' }]);
  const elsewhere = join(home, 'mounted', 'payload.keys');
  const said = await keys(elsewhere);
  expect(said).toContain(`${elsewhere} is not there`);
  expect(said).not.toContain('for API and workers alone');
  await expect(stat(elsewhere)).rejects.toThrow('ENOENT');
});

test('a file that everybody may read is refused, as is one that is missing or none', async () => {
  const { file, env } = await opened(await freshHome());
  await chmod(file, 0o640);
  await openPayloadKeys(env, log);
  await chmod(file, 0o604);
  await expect(openPayloadKeys(env, log)).rejects.toThrow(/chmod o= /);
  await chmod(file, 0o600);
  await writeFile(file, 'current x\n');
  await expect(openPayloadKeys(env, log)).rejects.toThrow(/payload\.keys:1 must be/);
  await rm(file);
  await expect(openPayloadKeys(env, log)).rejects.toMatchObject({ code: 'invalid_configuration' });
});

test('a key that is missed is looked for in the file, which may come later, or be broken for a while', async () => {
  const { file, ring } = await opened(await freshHome());
  const late = newPayloadKey('old');
  expect(await ring.find(late.id)).toBe(null);
  const text = await readFile(file, 'utf8');
  await writeFile(file, 'half a li');
  // The file was looked at a moment ago.
  expect(await ring.find(late.id)).toBe(null);
  await delay(2100);
  expect(await ring.find(late.id)).toBe(null);
  expect(logged.at(-1)).toContain('could not be read again');
  expect(ring.current()?.id).toBe(readPayloadKeys(text, file)[0]?.id);
  await writeFile(file, text + payloadKeysText([late]));
  await delay(2100);
  expect(await ring.find(late.id)).toEqual(late);
});

test('a process writes with another key from a SIGHUP on', async () => {
  const { file, ring } = await opened(await freshHome());
  const before = ring.current()?.id ?? '';
  const next = newPayloadKey('current');
  const text = (await readFile(file, 'utf8')).replace('current', 'old');
  await writeFile(file, text + payloadKeysText([next]));
  expect(ring.current()?.id).toBe(before);
  process.emit('SIGHUP');
  await expect.poll(() => ring.current()?.id).toBe(next.id);
  expect(await ring.find(before)).not.toBe(null);
});

test('a process that encrypts goes on with its key where the file would have it write plainly', async () => {
  const { file, ring } = await opened(await freshHome());
  const before = ring.current()?.id ?? '';
  await writeFile(file, (await readFile(file, 'utf8')).replace('current', 'next'));
  process.emit('SIGHUP');
  // By this path, too, it is read again: for a key that is not there.
  expect(await ring.find('0123456789abcdef')).toBe(null);
  expect(ring.current()?.id).toBe(before);
});

test('countersign keys rotate payload, in two steps', async () => {
  const home = await freshHome();
  const countersign = async (...args: string[]) =>
    JSON.parse(
      (
        await run(process.execPath, [join(root, 'cli', 'main.ts'), ...args, '--json'], {
          env: { ...process.env, COUNTERSIGN_HOME: home },
        })
      ).stdout,
    ) as { file: string; keys: { id: string; use: string }[] };
  await expect(countersign('keys', 'rotate', 'payload')).rejects.toMatchObject({ code: 4 });
  const { file } = await opened(home);
  await chmod(file, 0o640);
  await expect(countersign('keys', 'rotate', 'payload', '--finish')).rejects.toMatchObject({ code: 4 });
  const first = await countersign('keys', 'rotate', 'payload');
  expect(first.keys.map(({ use }) => use)).toEqual(['current', 'next']);
  // Run again, it is the same key.
  expect(await countersign('keys', 'rotate', 'payload')).toEqual(first);
  expect(await addNextPayloadKey(readEnvironment({ COUNTERSIGN_HOME: home }))).toEqual(first);
  const second = await countersign('keys', 'rotate', 'payload', '--finish');
  expect(second.keys.map(({ use }) => use)).toEqual(['old', 'current']);
  expect(second.keys.map(({ id }) => id)).toEqual(first.keys.map(({ id }) => id));
  // Who may read it has not changed.
  expect((await stat(file)).mode & 0o777).toBe(0o640);
}, 60_000);

test.runIf(process.getuid?.() === 0)(
  'a rotation leaves the file to its owner, its group and its mode, whatever the umask is',
  async () => {
    const home = await freshHome();
    const { file } = await opened(home);
    await chown(file, 4321, 1234);
    await chmod(file, 0o640);
    await run(
      'sh',
      ['-c', 'umask 077; exec "$0" "$@"', process.execPath, join(root, 'cli', 'main.ts'), ...rotate],
      { env: { ...process.env, COUNTERSIGN_HOME: home } },
    );
    const { mode, uid, gid } = await stat(file);
    expect([mode & 0o777, uid, gid]).toEqual([0o640, 4321, 1234]);
    expect(readPayloadKeys(await readFile(file, 'utf8'), file)).toHaveLength(2);
  },
  60_000,
);

test.runIf(process.getuid?.() === 0)(
  'who may not give the new file to its group is refused, and it stays as it was',
  async () => {
    const folder = await freshHome();
    const file = join(folder, 'theirs');
    await writeFile(file, 'before', { mode: 0o640 });
    await chown(folder, 4321, 4321);
    // In a group that whoever rotates is not in.
    await chown(file, 4321, 1234);
    const source = join(root, 'embedded', 'make-once.ts');
    const program = `import(${JSON.stringify(source)}).then((m) => m.rewriteFile(${JSON.stringify(file)}, 'after'))`;
    await chmod(folder, 0o755);
    const rewriting = run(process.execPath, ['-e', program], { uid: 4321, gid: 4321, cwd: '/' });
    await expect(rewriting).rejects.toMatchObject({ stderr: expect.stringContaining('EPERM') as string });
    expect(await readFile(file, 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['theirs']);
  },
);

test('host codecs are exports of files, and checked', async () => {
  const home = await freshHome();
  const write = async (text: string) => {
    const file = join(home, `codec-${Math.random()}.mjs`);
    await writeFile(file, text);
    return readEnvironment({ COUNTERSIGN_HOME: home, COUNTERSIGN_HOST_CODECS: file });
  };
  const codec = '{ encode: async (p) => p, decode: async (p) => p }';
  const good = await openPayloads(
    await write(
      `export default { encodings: ['binary/theirs'], payloadCodecs: [${codec}], taskQueues: ['q'] }`,
    ),
    log,
  );
  expect(good.hostCodecs).toMatchObject([
    { encodings: ['binary/theirs'], taskQueues: ['q'] } satisfies Partial<HostCodec>,
  ]);
  for (const wrong of [
    `export default {}`,
    `export default { encodings: [], payloadCodecs: [${codec}] }`,
    `export default { encodings: ['json/plain'], payloadCodecs: [${codec}] }`,
    `export default { encodings: ['binary/countersign+aes256gcm'], payloadCodecs: [${codec}] }`,
    `export default { encodings: ['binary/theirs'], payloadCodecs: [{}] }`,
    `throw new Error('no')`,
  ])
    await expect(openPayloads(await write(wrong), log), wrong).rejects.toThrow(/COUNTERSIGN_HOST_CODECS/);
});

test.each([
  ['encoding', "{ encodings: ['binary/a', 'binary/b'] }", "{ encodings: ['binary/c', 'binary/b'] }"],
  [
    'task queue',
    "{ encodings: ['binary/a'], taskQueues: ['q'] }",
    "{ encodings: ['binary/b'], taskQueues: ['p', 'q'] }",
  ],
])('one %s has one host codec', async (what, one, other) => {
  const home = await freshHome();
  const files = await Promise.all(
    [one, other].map(async (text, at) => {
      const file = join(home, `codec-${at}.mjs`);
      const payloadCodecs = '[{ encode: async (p) => p, decode: async (p) => p }]';
      await writeFile(file, `export default { ...${text}, payloadCodecs: ${payloadCodecs} }`);
      return file;
    }),
  );
  const env = readEnvironment({ COUNTERSIGN_HOME: home, COUNTERSIGN_HOST_CODECS: files.join() });
  const refused = openPayloads(env, log);
  await expect(refused).rejects.toThrow(`the ${what} `);
  await expect(refused).rejects.toMatchObject({ code: 'invalid_configuration' });
});

test('an alarm is raised once a minute for one and the same trouble', async () => {
  const raised: string[] = [];
  const { onUnreadable } = await openPayloads(readEnvironment({}), log, (code) => void raised.push(code));
  const { PayloadUnreadable } = await import('../../codec/payload-unreadable.ts');
  for (let times = 0; times < 5; times += 1)
    onUnreadable?.(new PayloadUnreadable('key_missing', 'no key a'), null);
  onUnreadable?.(new PayloadUnreadable('key_missing', 'no key b'), null);
  expect(raised).toEqual(['payload_unreadable', 'payload_unreadable']);
});
