import { createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  consoleClientKeys,
  consoleSessionKey,
  readClientKey,
  readSessionKey,
} from '../../cli/console-keys.ts';

async function freshHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'countersign-test-'));
  onTestFinished(() => rm(home, { recursive: true }));
  return home;
}
const envOf = (home: string) => ({
  COUNTERSIGN_HOME: home,
  CONSOLE_CLIENT_KEY: undefined,
  CONSOLE_SESSION_KEY: undefined,
});

test('the keys are made once, for their owner alone; the provider is given a set with the public half', async () => {
  const env = envOf(await freshHome());
  const made = await Promise.all([consoleClientKeys(env), consoleClientKeys(env)]);
  expect(made[0]).toEqual(made[1]);
  const files = made[0];
  const text = await readFile(files.privateKey, 'utf8');
  await consoleClientKeys(env);
  expect(await readFile(files.privateKey, 'utf8')).toBe(text);
  expect((await stat(files.privateKey)).mode & 0o777).toBe(0o600);
  const { keys } = JSON.parse(await readFile(files.publicKey, 'utf8')) as { keys: object[] };
  const [key] = keys;
  expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  expect(createPublicKey({ key: key as never, format: 'jwk' }).asymmetricKeyType).toBe('ec');
  const { kid, key: read } = await readClientKey(files.privateKey);
  expect(key).toMatchObject({ kid, alg: 'ES256' });
  // It cannot be taken out of the process.
  expect(read.extractable).toBe(false);
  const session = await consoleSessionKey(env);
  expect((await stat(session)).mode & 0o777).toBe(0o600);
  expect(await readSessionKey(session)).toHaveLength(32);
});

test.each([
  ['nothing', ''],
  ['text', 'secret'],
  ['a public key', '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}'],
])('a client key that is %s is refused with the file’s name', async (_what, text) => {
  const file = join(await freshHome(), 'client.jwk.json');
  await writeFile(file, text);
  await expect(readClientKey(file)).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining(file) as string,
  });
});

test.each(['', 'AAAA', Buffer.alloc(33).toString('base64')])('no key of sessions: %j', async (text) => {
  const file = join(await freshHome(), 'session.key');
  await writeFile(file, text);
  await expect(readSessionKey(file)).rejects.toMatchObject({ code: 'invalid_configuration' });
});
