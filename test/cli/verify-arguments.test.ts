import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verifyFiles } from '../../cli/verify-files.ts';
import { makeKeys, memoryLog } from '../audit/memory-log.ts';

/* What an auditor gives wrongly is their mistake (3), and never a log that was tampered with (1). */

const main = join(import.meta.dirname, '../../cli/main.ts');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-arguments-'));
  await writeFile(join(folder, 'keys.txt'), makeKeys().trusted);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** The exit code of a verification, and what it complains of. */
async function verifying(more: { keys?: string; since?: string; at?: string }): Promise<[number, string]> {
  let told = '';
  const args = {
    ...{ pack: folder, keys: [more.keys ?? join(folder, 'keys.txt')], since: more.since },
    ...{ maxAge: undefined, at: more.at, policies: [], json: false },
  };
  const code = await verifyFiles(
    args,
    () => undefined,
    (line) => (told = line),
    () => () => [],
  );
  return [code, told];
}

describe('audit verify', () => {
  test.each(['', '# nobody’s\n\n'])('a key file without a key: %j', async (text) => {
    const keys = await written('empty.txt', text);
    expect(await verifying({ keys })).toEqual([3, 'trusted keys: expected a key']);
  });

  test('a checkpoint that is none is named', async () => {
    const since = await written('since', 'log\r\n1\r\n');
    expect(await verifying({ since })).toEqual([3, expect.stringContaining(`--since: ${since}`)]);
  });

  test('a checkpoint with the line ends of another system is one', async () => {
    const { note } = await memoryLog([Buffer.from('{}')], makeKeys()).checkpoint();
    const since = await written('crlf', note.replaceAll('\n', '\r\n'));
    const [code, told] = await verifying({ since });
    expect([code, told]).not.toEqual([3, expect.anything()]);
  });

  test.each([
    ['# mine\nno key\n', 2],
    ['valid-before-index=x\n', 1],
    ['\nvalid-before-index=3\nvalid-before-index=4\n', 3],
    ['\n\n-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 5],
  ])('a line of a key file that is none is named, with its file: %j', async (text, line) => {
    const keys = await written('bad.txt', text);
    expect(await verifying({ keys })).toEqual([
      3,
      expect.stringContaining(`trusted keys, ${keys}, line ${line}: `),
    ]);
  });

  test.each(['--since', '--max-age', '--at'])(
    '%s twice is refused, by both commands',
    { timeout: 60_000 },
    async (option) => {
      const args = ['none.tgz', '--key', join(folder, 'keys.txt'), option, '1h', option, '2h'];
      for (const command of [
        [main, 'audit', 'verify'],
        [join(import.meta.dirname, '../../cli/verifier.ts')],
      ]) {
        const told = await new Promise<[unknown, string]>((done) =>
          execFile(process.execPath, [...command, ...args], (error, _out, err) => done([error?.code, err])),
        );
        expect(told).toEqual([3, expect.stringMatching(/expected once, got 1h and 2h/i)]);
      }
    },
  );

  test('a day that there is not', async () => {
    expect(await verifying({ at: '2026-02-31T12:00:00Z' })).toEqual([3, expect.stringContaining('--at')]);
  });
});

describe('audit follow', () => {
  /** The exit code of the command; null where it did not end by itself. */
  const following = (...more: string[]) =>
    new Promise<number | string | null | undefined>((done) => {
      const args = [main, 'audit', 'follow', '--key', join(folder, 'keys.txt'), ...more];
      execFile(process.execPath, args, { timeout: 20_000 }, (error) => done(error === null ? 0 : error.code));
    });

  test('a folder whose checkpoint is a pipe is read by nobody', { timeout: 30_000 }, async () => {
    const place = join(folder, 'place');
    await mkdir(place);
    await new Promise((done) => execFile('mkfifo', [join(place, 'checkpoint')], done));
    expect(await following('--from', place)).toBe(2);
  });

  test('a checkpoint file in a folder that there is not', { timeout: 30_000 }, async () => {
    expect(await following('--from', folder, '--checkpoint-file', join(folder, 'none', 'mine'))).toBe(3);
  });
});
