import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { keyIdOf, rotationSigner } from '../../audit/key-rotation.ts';
import { readTrustedKeys } from '../../audit/verify/trusted-keys.ts';
import { revokeKey } from '../../cli/end-key.ts';
import { readEndedKeys } from '../../cli/ended-key-file.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { keyFilesOf, logKeys, readSigners, statementKeys, witnessKeys } from '../../cli/keys.ts';
import { rotateKey } from '../../cli/rotate-key.ts';
import { readRotations } from '../../cli/rotation-files.ts';
import { trustedKeysText } from '../../cli/trusted-keys.ts';
import { createStatementSigner, createStatementVerifier } from '../../identity/statement-signer.ts';
import type { Statement } from '../../domain/statement.ts';
import { cloneDatabase } from '../support/database.ts';

async function home() {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-rotate-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const env = readEnvironment({ COUNTERSIGN_HOME: folder });
  await Promise.all([statementKeys(folder), logKeys(env), witnessKeys(env)]);
  return env;
}
const uses = ['statement', 'log', 'witness'] as const;
const inPlace = ['statement', 'witness'] as const;
const textsOf = async ({ privateKey, publicKey }: { privateKey: string; publicKey: string }) =>
  Promise.all([privateKey, publicKey].map((file) => readFile(file, 'utf8')));

describe.each(inPlace)('the key of %s', (use) => {
  test('is followed by another one, both have signed that, and both are believed', async () => {
    const env = await home();
    const files = keyFilesOf(env, use);
    const [oldPrivate = '', oldPublic = ''] = await textsOf(files);
    const rotated = await rotateKey(env, use);
    const [newPrivate = '', newPublic = ''] = await textsOf(files);
    expect(newPrivate).not.toBe(oldPrivate);
    expect(rotated).toMatchObject({
      before: keyIdOf(use, rotationSigner(use, oldPrivate).publicKey),
      after: keyIdOf(use, rotationSigner(use, newPrivate).publicKey),
    });
    expect(newPublic).toBe(`${rotationSigner(use, newPrivate).publicKey.trim()}\n${oldPublic}`);
    const [kept, ...more] = await readRotations(env, use);
    expect([kept?.rotation.before.trim(), more]).toEqual([oldPublic.trim(), []]);
    const trusted = readTrustedKeys([await trustedKeysText(env)]);
    expect((use === 'statement' ? trusted.statementKeys : trusted.witnesses).map(({ id }) => id)).toEqual([
      rotated.after,
      rotated.before,
    ]);
    // The next start finds a pair.
    await Promise.all([statementKeys(env.COUNTERSIGN_HOME), witnessKeys(env)]);
    expect(await textsOf(files)).toEqual([newPrivate, newPublic]);
    // Nothing half-made is left.
    const left = await readdir(join(files.privateKey, '..'));
    expect(left.filter((name) => name.includes('.next'))).toEqual([]);
  });

  test.each(['the new key alone', 'the rotation', 'the public half'] as const)(
    'killed after it had written %s, the next one goes on with the same key',
    async (written) => {
      const env = await home();
      const files = keyFilesOf(env, use);
      const [oldPrivate = '', oldPublic = ''] = await textsOf(files);
      const whole = await rotateKey(env, use);
      const [newPrivate = '', newPublic = ''] = await textsOf(files);
      const [document = ''] = await readdir(join(env.COUNTERSIGN_HOME, 'keys', 'rotations'));
      // As it was, but for what it had written by then.
      await writeFile(`${files.privateKey}.next`, newPrivate);
      await writeFile(files.privateKey, oldPrivate);
      if (written !== 'the public half') await writeFile(files.publicKey, oldPublic);
      if (written === 'the new key alone')
        await rm(join(env.COUNTERSIGN_HOME, 'keys', 'rotations', document));
      const { before, after } = await rotateKey(env, use);
      expect({ before, after }).toEqual({ before: whole.before, after: whole.after });
      expect(await textsOf(files)).toEqual([newPrivate, newPublic]);
      expect(await readRotations(env, use)).toHaveLength(1);
    },
  );
});

test('the log’s new key stands beside the old one, and a second rotation begins nothing', async () => {
  const env = await home();
  const files = keyFilesOf(env, 'log');
  const [before] = await readSigners(files.privateKey);
  const rotated = await rotateKey(env, 'log');
  const both = await textsOf(files);
  const signers = await readSigners(files.privateKey);
  expect(signers.map(({ name }) => name)).toEqual([before?.name, before?.name]);
  expect(signers[0]?.keyId).toBe(before?.keyId);
  expect(both[1]).toBe(signers.map(({ publicKey }) => `${publicKey}\n`).join(''));
  expect(await rotateKey(env, 'log')).toEqual(rotated);
  expect(await textsOf(files)).toEqual(both);
  // Killed before it wrote the public half.
  await writeFile(files.publicKey, `${before?.publicKey ?? ''}\n`);
  await rotateKey(env, 'log');
  expect(await textsOf(files)).toEqual(both);
});

test.runIf(process.getuid?.() === 0).each(uses)(
  'the files of a rotated and a revoked key of %s stay their owner’s and their group’s',
  async (use) => {
    const env = await home();
    const { privateKey, publicKey } = keyFilesOf(env, use);
    for (const file of [privateKey, publicKey]) await chown(file, 4321, 1234);
    await chmod(privateKey, 0o440);
    const rightsOf = async (file: string) => {
      const { mode, uid, gid } = await stat(file);
      return [mode & 0o777, uid, gid];
    };
    const all = async () => Promise.all([privateKey, publicKey].map(rightsOf));
    const before = await all();
    expect(before[0]).toEqual([0o440, 4321, 1234]);
    const [oldPrivate = ''] = await textsOf({ privateKey, publicKey });
    const rotated = await rotateKey(env, use);
    expect(await readFile(privateKey, 'utf8')).not.toBe(oldPrivate);
    expect(await all()).toEqual(before);
    if (use === 'log') return;
    await revokeKey(env, { id: rotated.before, beforeIndex: 812, before: 0 });
    expect(await all()).toEqual(before);
  },
);

describe.each(uses)('half a pair of %s', (use) => {
  test.each(['privateKey', 'publicKey'] as const)('without the %s nothing is rotated', async (half) => {
    const env = await home();
    const files = keyFilesOf(env, use);
    await rm(files[half]);
    await expect(rotateKey(env, use)).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(files[half]) as string,
    });
    await expect(readFile(files[half])).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readRotations(env, use)).toEqual([]);
  });

  test('of two keys, nothing is rotated', async () => {
    const [env, other] = [await home(), await home()];
    const files = keyFilesOf(env, use);
    await writeFile(files.publicKey, await readFile(keyFilesOf(other, use).publicKey, 'utf8'));
    const before = await textsOf(files);
    await expect(rotateKey(env, use)).rejects.toMatchObject({ code: 'invalid_configuration' });
    expect(await textsOf(files)).toEqual(before);
  });
});

test('a file of a rotation that both keys have not signed is named', async () => {
  const env = await home();
  await rotateKey(env, 'statement');
  const folder = join(env.COUNTERSIGN_HOME, 'keys', 'rotations');
  const [name = ''] = await readdir(folder);
  const text = await readFile(join(folder, name), 'utf8');
  for (const forged of [text.replace(/"at": "2/, '"at": "3'), '{}', 'no JSON']) {
    await writeFile(join(folder, name), forged);
    await expect(readRotations(env, 'statement')).rejects.toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining(name) as string,
    });
  }
});

describe('a revoked key', () => {
  test('is believed for what was before, and by no process of the home', async () => {
    const env = await home();
    const files = keyFilesOf(env, 'statement');
    const stolen = createStatementSigner(await readFile(files.privateKey, 'utf8'));
    const forged = stolen.sign({ changeId: 'x' } as unknown as Statement);
    const isSigned = async () => createStatementVerifier([await readFile(files.publicKey, 'utf8')])(forged);
    const { before } = await rotateKey(env, 'statement');
    expect(await isSigned()).toBe(true);
    const report = await revokeKey(env, { id: before, beforeIndex: 812, before: 0 });
    expect(report).toMatchObject({ use: 'statement', id: before, beforeIndex: 812 });
    expect(await isSigned()).toBe(false);
    for (const text of [report.lines, await trustedKeysText(env)]) {
      const key = readTrustedKeys([text]).statementKeys.find(({ id }) => id === before);
      expect(key?.period).toEqual({ fromIndex: 0, beforeIndex: 812, after: null, before: null });
    }
    // An earlier index holds as well, a later one changes nothing.
    for (const beforeIndex of [700, 900]) {
      expect(await revokeKey(env, { id: before, beforeIndex, before: 0 })).toMatchObject({ holds: 700 });
    }
    const [key] = readTrustedKeys([await trustedKeysText(env)]).statementKeys.filter(
      ({ id }) => id === before,
    );
    expect(key?.period.beforeIndex).toBe(700);
  });

  test('of the log or a witness is over at a moment, too', async () => {
    const env = await home();
    const before = Date.parse('2026-11-30T12:00:00Z');
    const { before: id } = await rotateKey(env, 'witness');
    const { lines } = await revokeKey(env, { id, beforeIndex: 5, before });
    expect(readTrustedKeys([lines]).witnesses[0]?.period).toMatchObject({ beforeIndex: 5, before });
  });

  test.each(uses)('is not the one that signs: %s', async (use) => {
    const env = await home();
    const [, publicText = ''] = await textsOf(keyFilesOf(env, use));
    const id = keyIdOf(use, publicText) ?? '';
    const revoked = { id, beforeIndex: 5, before: 0 };
    await expect(revokeKey(env, revoked)).rejects.toMatchObject({ code: 'invalid_request' });
    const { after } = await rotateKey(env, use);
    await expect(revokeKey(env, { ...revoked, id: after })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  test('an index that the log has not got to is refused, unless somebody says that it is meant', async () => {
    const env = await home();
    const { before: id } = await rotateKey(env, 'statement');
    const database = await cloneDatabase();
    const revoke = (...more: string[]) => {
      const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
      const args = [main, 'keys', 'revoke', '--key', id, ...more];
      const where = { COUNTERSIGN_HOME: env.COUNTERSIGN_HOME, DATABASE_URL: database.url('reader') };
      return promisify(execFile)(process.execPath, args, { env: { PATH: process.env.PATH, ...where } }).then(
        ({ stdout }) => stdout,
        (error: unknown) => {
          const { code, stderr } = error as { code: number; stderr: string };
          return `${code} ${stderr}`;
        },
      );
    };
    try {
      expect(await revoke('--from-index', '1')).toMatch(/^1 .*has 0 entries/);
      expect(await readEndedKeys(env.COUNTERSIGN_HOME)).toEqual([]);
      expect(await revoke('--from-index', '0')).not.toContain('holds');
      const later = await revoke('--from-index', '9', '--beyond-the-log');
      expect(later).toContain('from entry 0 on before: that holds');
      expect(later).toContain('not compared with the log');
    } finally {
      await database.drop();
    }
  }, 60_000);

  test('that nobody knows is told', async () => {
    const unknown = revokeKey(await home(), { id: '0123456789abcdef', beforeIndex: 5, before: 0 });
    await expect(unknown).rejects.toMatchObject({ code: 'not_found' });
  });
});
