import { createPrivateKey, createPublicKey } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readEnvironment } from '../../cli/environment.ts';
import {
  logKeys,
  readLogVerifiers,
  readSigners,
  statementKeys,
  statementPublicKey,
  witnessKeys,
} from '../../cli/keys.ts';
import { signingKey } from '../../embedded/signing-key.ts';
import { makeOnce } from '../../embedded/make-once.ts';
import { temporaryHome } from '../support/stack.ts';

async function freshHome(): Promise<string> {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

const kinds = {
  statement: {
    ensure: (home: string) => statementKeys(home),
    publicOf: (text: string) =>
      Promise.resolve(
        createPublicKey(createPrivateKey(text)).export({ type: 'spki', format: 'pem' }) as string,
      ),
  },
  log: {
    ensure: (home: string) => logKeys(readEnvironment({ COUNTERSIGN_HOME: home })),
    publicOf: publicLines,
  },
  witness: {
    ensure: (home: string) => witnessKeys(readEnvironment({ COUNTERSIGN_HOME: home })),
    publicOf: publicLines,
  },
} as const;

async function publicLines(_text: string, file: string): Promise<string> {
  return (await readSigners(file)).map(({ publicKey }) => `${publicKey}\n`).join('');
}

const names = Object.keys(kinds) as (keyof typeof kinds)[];

test.each(names)('%s: the pair is made once, whoever comes at once', async (name) => {
  const home = await freshHome();
  const { ensure, publicOf } = kinds[name];
  const all = await Promise.all(Array.from({ length: 20 }, () => ensure(home)));
  const [files] = all;
  if (!files) throw new Error('there are none');
  const kept = await readFile(files.privateKey, 'utf8');
  expect(await readFile(files.publicKey, 'utf8')).toBe(await publicOf(kept, files.privateKey));
  expect((await stat(files.privateKey)).mode & 0o777).toBe(0o600);
  await ensure(home);
  expect(await readFile(files.privateKey, 'utf8')).toBe(kept);
  // Nothing half-made is left.
  // The witness's memory begins with its key.
  const left = [...(await readdir(join(home, 'keys'))), ...(await readdir(join(files.privateKey, '..')))];
  for (const file of left) expect(file).toMatch(/^(memory|[a-z]+(\.pub)?\.(key|vkey|pem))$/);
});

test.each(names)('%s: a public half that is missing is made again out of the private one', async (name) => {
  const home = await freshHome();
  const { ensure } = kinds[name];
  const { privateKey, publicKey } = await ensure(home);
  const before = [await readFile(privateKey, 'utf8'), await readFile(publicKey, 'utf8')];
  // Also what is seen when a process was killed between the two writes.
  await rm(publicKey);
  await ensure(home);
  expect([await readFile(privateKey, 'utf8'), await readFile(publicKey, 'utf8')]).toEqual(before);
});

test.each(names)('%s: a public half of another key gives way, and is kept beside', async (name) => {
  const [home, other] = [await freshHome(), await freshHome()];
  const { ensure, publicOf } = kinds[name];
  const { privateKey, publicKey } = await ensure(home);
  const foreign = await readFile((await ensure(other)).publicKey, 'utf8');
  const secret = await readFile(privateKey, 'utf8');
  await writeFile(publicKey, foreign);
  await ensure(home);
  expect(await readFile(privateKey, 'utf8')).toBe(secret);
  expect(await readFile(publicKey, 'utf8')).toBe(await publicOf(secret, privateKey));
  const beside = (await readdir(join(home, 'keys'))).filter((file) => /\.(vkey|pem)\.\d{4}-/.test(file));
  expect(await Promise.all(beside.map((file) => readFile(join(home, 'keys', file), 'utf8')))).toEqual([
    foreign,
  ]);
});

test.each(names)('%s: a private half that is missing, or none, is told and never made anew', async (name) => {
  const home = await freshHome();
  const { ensure } = kinds[name];
  const { privateKey, publicKey } = await ensure(home);
  const known = await readFile(publicKey, 'utf8');
  for (const spoilt of ['', 'no key\n', null]) {
    if (spoilt === null) await rm(privateKey);
    else await writeFile(privateKey, spoilt);
    await expect(ensure(home)).rejects.toMatchObject({ code: 'invalid_configuration' });
    expect(await readFile(publicKey, 'utf8')).toBe(known);
    expect(await readFile(privateKey, 'utf8').catch(() => null)).toBe(spoilt);
  }
});

test('the memory of a witness does not begin anew where only its private key and its memory are lost', async () => {
  const home = await freshHome();
  await kinds.witness.ensure(home);
  await rm(join(home, 'witness'), { recursive: true });
  await expect(kinds.witness.ensure(home)).rejects.toMatchObject({ code: 'invalid_configuration' });
  expect(await readdir(join(home, 'witness', 'memory')).catch(() => [])).toEqual([]);
});

test('who only checks statements may have the public half alone', async () => {
  const [home, other] = [await freshHome(), await freshHome()];
  const { privateKey, publicKey } = await statementKeys(home);
  const known = await readFile(publicKey, 'utf8');
  await rm(privateKey);
  expect(await readFile(await statementPublicKey(home), 'utf8')).toBe(known);
  expect(await readdir(join(home, 'keys'))).toEqual(['statement.pub.pem']);
  // Where neither is there, both are made.
  await statementPublicKey(other);
  expect((await readdir(join(other, 'keys'))).sort()).toEqual(['statement.pem', 'statement.pub.pem']);
});

test('the key of the demo’s identity provider is made once, too', async () => {
  const file = join(await freshHome(), 'oidc', 'key.json');
  const keys = await Promise.all(Array.from({ length: 10 }, () => signingKey(file)));
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(1);
  expect((await signingKey(file)).kid).toBe(keys[0]?.kid);
});

test('a file that is there and cannot be read is not made anew', async () => {
  const file = join(await freshHome(), 'secret');
  await makeOnce(file, () => 'first');
  await chmod(file, 0);
  const again = makeOnce(file, () => 'second');
  // Root reads everything.
  if (process.getuid?.() === 0) expect(await again).toBe('first');
  else await expect(again).rejects.toMatchObject({ code: 'EACCES' });
  await expect(makeOnce(join(file, 'below'), () => 'third')).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('a public key that was copied without its last line end is waited for by nobody', async () => {
  const home = await freshHome();
  const env = readEnvironment({ COUNTERSIGN_HOME: home });
  const { publicKey } = await logKeys(env);
  await writeFile(publicKey, (await readFile(publicKey, 'utf8')).trimEnd());
  const told: string[] = [];
  const [verifier] = await readLogVerifiers(env, { warn: (message) => told.push(message) });
  expect(verifier?.name).toMatch(/^countersign\.local\/log-/);
  expect(told).toEqual([]);
});

test('a public key that cannot be read is named, and not waited for', async () => {
  const home = await freshHome();
  const env = readEnvironment({ COUNTERSIGN_HOME: home });
  await mkdir(join(home, 'keys', 'log.vkey'), { recursive: true });
  await expect(readLogVerifiers(env, { warn: () => undefined })).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('log.vkey cannot be read') as string,
  });
});

test.each(['', '{}', 'null', '{"kty":"EC","kid":"x"}'])(
  'an identity provider’s key of %s is named',
  async (text) => {
    const file = join(await freshHome(), 'identity-provider-key.json');
    await writeFile(file, text);
    await expect(signingKey(file)).rejects.toThrow(`${file} is not a JSON Web Key`);
  },
);
