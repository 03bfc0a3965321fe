import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const file = pathToFileURL(join(import.meta.dirname, '..', '..', 'cli', 're-exec.ts')).href;
const program = `
import { reExecWithSmallHeap } from ${JSON.stringify(file)};
reExecWithSmallHeap();
const { pid, argv, execArgv, env } = process;
console.log(JSON.stringify({ pid, last: argv.at(-1), options: execArgv.slice(0, -2), arenas: env.MALLOC_ARENA_MAX }));
`;

async function started(options: string[], env: NodeJS.ProcessEnv) {
  const { NODE_OPTIONS: _o, MALLOC_ARENA_MAX: _a, ...rest } = process.env;
  const child = spawn(process.execPath, [...options, '--eval', program, 'last'], {
    env: { ...rest, ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(child, 'close');
  const { pid, ...found } = JSON.parse(output) as {
    pid: number;
    last: string;
    options: string[];
    arenas?: string;
  };
  expect(pid).toBe(child.pid);
  expect(found.last).toBe('last');
  return found;
}

test('a process goes on under its id with small heaps, its arguments and its environment', async () => {
  expect(await started(['--no-deprecation'], {})).toMatchObject({
    options: ['--max-semi-space-size=4', '--max-old-space-size=1024', '--no-deprecation'],
    arenas: '2',
  });
});

test.each([
  [['--max-old-space-size=300'], {}, ['--max-semi-space-size=4', '--max-old-space-size=300']],
  [[], { NODE_OPTIONS: '--max-old-space-size=300' }, ['--max-semi-space-size=4']],
  [
    ['--max-semi-space-size=8', '--max-old-space-size=300'],
    {},
    ['--max-semi-space-size=8', '--max-old-space-size=300'],
  ],
])('what %j and %j say stays', async (options, env, found) => {
  expect((await started(options, env)).options).toEqual(found);
});

test('so does a number of arenas', async () => {
  expect((await started([], { MALLOC_ARENA_MAX: '8' })).arenas).toBe('8');
});
