import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { makeKeys } from '../audit/memory-log.ts';

vi.setConfig({ testTimeout: 60_000 });

/* Exit code 1 of a command that judges is a verdict: whoever could not judge, or could not say so, ends otherwise. */

const cli = join(import.meta.dirname, '..', '..', 'cli');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-codes-'));
  await writeFile(join(folder, 'keys'), makeKeys().trusted);
  await writeFile(join(folder, 'trail.json'), '[]');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a shell's command line in which `$@` is Node.js with a file of the command line and its arguments. */
function run(
  line: string,
  file: string,
  args: readonly string[],
  more: Record<string, string> = {},
): Promise<Ended> {
  const env = {
    ...{ PATH: process.env.PATH, COUNTERSIGN_HOME: folder, COUNTERSIGN_TOKEN: 'x' },
    ...{ COUNTERSIGN_URL: 'http://127.0.0.1:1', DATABASE_URL: 'postgres://x@127.0.0.1:1/x', ...more },
  };
  const command = ['-c', line, 'sh', process.execPath, join(cli, file), ...args];
  return new Promise((resolve) => {
    execFile('sh', command, { env, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stdout, stderr }),
    );
  });
}

const march = ['--from', '2026-03-01', '--to', '2026-04-01'];
const id = '00000000-0000-4000-8000-000000000000';

test.each<[number, string, readonly string[]]>([
  [2, 'the database is away', ['compare']],
  [2, 'the database is away', ['compare', '--change', id]],
  [3, 'that is no id', ['compare', '--change', 'xyz']],
  [2, 'the API is away', ['reconcile', '--trail', 'trail.json', ...march]],
  [2, 'the API is away', ['report', ...march]],
  [3, 'that is no index', ['prove', '-1']],
  [1, 'the API is away, and nothing is judged', ['prove', '1']],
])('%i: %s: audit %j', async (code, _why, args) => {
  const ended = await run('"$@"', 'main.ts', ['audit', ...args]);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).toMatch(/^countersign: [^\n]+\n$/);
});

describe.skipIf(!existsSync('/dev/full'))('a full disk takes the verdict', () => {
  const verify = ['.', '--key', 'keys'];
  test.each<[string, readonly string[]]>([
    ['verifier.ts', verify],
    ['main.ts', ['audit', 'verify', ...verify]],
    ['main.ts', ['audit', 'follow', '--from', '.', '--key', 'keys']],
    ['main.ts', ['audit', '--help']],
    ['main.ts', ['--version']],
  ])('%s %j', async (file, args) => {
    const ended = await run('"$@" > /dev/full', file, args);
    expect(ended.code).toBe(74);
    expect(ended.stderr).toMatch(/^countersign: the output cannot be written: [^\n]+\n$/);
    const quiet = await run('"$@" > /dev/full 2> /dev/full', file, args);
    expect(quiet.code).toBe(74);
  });

  test('what cannot be complained of changes no result', async () => {
    expect((await run('"$@" 2> /dev/full', 'verifier.ts', ['.', '--key', 'none'])).code).toBe(3);
  });
});

test.each<[string, readonly string[]]>([
  ['verifier.ts', ['.', '--key', 'keys']],
  ['main.ts', ['audit', 'verify', '.', '--key', 'keys']],
  ['main.ts', ['audit', 'follow', '--from', '.', '--key', 'keys']],
])('a crash of %s is no verdict: %j', async (file, args) => {
  const crash = `process.on('newListener',(name)=>{if(name==='uncaughtException')setImmediate(()=>{throw new Error('boom')})})`;
  const ended = await run('"$@"', file, args, {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(crash)}`,
  });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/boom\n$/) as string });
});
