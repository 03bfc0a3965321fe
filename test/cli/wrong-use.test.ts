import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-use-'));
  const { publicKey } = generateKeyPairSync('ed25519');
  await writeFile(join(folder, 'keys.txt'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(folder, 'no-keys.txt'), '');
  await writeFile(join(folder, 'no-checkpoint'), 'hostname\n');
});
afterAll(() => rm(folder, { recursive: true }));

function countersign(args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const env = { PATH: process.env.PATH, COUNTERSIGN_TOKEN: 'x', COUNTERSIGN_URL: 'http://127.0.0.1:1' };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

test.each<[string, readonly string[]]>([
  ['--reason and --by', ['signer', '--resume']],
  ['--as', ['change', 'list', '--mfa']],
  ['0 to 65535', ['witness', '--port', '99999']],
  ['0 to 65535', ['simulator', '--port', 'abc']],
  ['missing required argument', ['change', 'show']],
  ['--key', ['audit', 'verify', 'none.tgz']],
  ['expected a key', ['audit', 'verify', 'none.tgz', '--key', 'no-keys.txt']],
  ['none.tgz', ['audit', 'verify', 'none.tgz', '--key', 'keys.txt']],
  ['--since', ['audit', 'verify', '.', '--key', 'keys.txt', '--since', 'no-checkpoint']],
])('wrong use is told (%s), in JSON where that is asked for, with exit code 3: %j', async (told, args) => {
  const plain = await countersign(args);
  expect(plain.code).toBe(3);
  expect(plain.stderr).toContain(told);
  expect(plain.stdout).toBe('');
  const json = await countersign(['--json', ...args]);
  expect(json.code).toBe(3);
  const said = JSON.parse(json.stdout) as { code: string; message: string };
  expect(said).toMatchObject({ code: 'invalid_request', errors: [] });
  expect(said.message).toContain(told);
});

test('the version is told, plainly and in JSON, wherever the two are written', async () => {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string };
  const plain = await countersign(['--version']);
  expect(plain).toMatchObject({ code: 0, stderr: '' });
  expect(plain.stdout).toBe(`countersign ${version} (Node.js ${process.version})\n`);
  for (const args of [
    ['--version', '--json'],
    ['--json', '--version'],
  ]) {
    const { code, stdout } = await countersign(args);
    expect([code, JSON.parse(stdout)]).toEqual([0, { version, node: process.version }]);
  }
});
