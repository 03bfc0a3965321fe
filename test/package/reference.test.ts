import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '..', '..');

/** The entries that package.json names, as their sources. */
async function entrySources(): Promise<string[]> {
  const { exports } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { default: string }>;
  };
  return Object.values(exports).flatMap((entry) =>
    typeof entry === 'string' ? [] : [entry.default.replace(/^\.\/dist\/(.*)\.js$/, '$1.ts')],
  );
}

test('the reference covers every entry', async () => {
  const { entryPoints } = JSON.parse(await readFile(join(repository, 'typedoc.json'), 'utf8')) as {
    entryPoints: string[];
  };
  expect([...entryPoints].sort()).toEqual((await entrySources()).sort());
});

test('every public export has a sentence, and every type that a signature names can be imported', async () => {
  const typedoc = join(repository, 'node_modules', 'typedoc', 'bin', 'typedoc');
  const checked = await run(
    process.execPath,
    [typedoc, '--emit', 'none', '--treatWarningsAsErrors', '--pretty', 'false'],
    { cwd: repository, env: { ...process.env, NO_COLOR: '1' } },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, told: stdout + stderr }),
    (error: unknown) => {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, told: stdout + stderr };
    },
  );
  expect(checked.told.split('\n').filter((line) => line.includes('[warning]'))).toEqual([]);
  expect(checked.code).toBe(0);
}, 600_000);

test('a link of the README leads to something that the package has', async () => {
  const { files } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
    files: string[];
  };
  // npm adds what stands beside package.json under these names.
  const always = (await readdir(repository)).filter((name) =>
    /^(readme|licen[cs]e|package\.json)/i.test(name),
  );
  const packed = (path: string) => [...always, ...files].some((one) => path === one || path.startsWith(one));
  for (const readme of ['README.md', 'README.zh-CN.md']) {
    const text = await readFile(join(repository, readme), 'utf8');
    const links = [
      ...text.matchAll(/\]\(([^)#\s]+)/g),
      ...text.matchAll(/(?:src|srcset|href)="([^"#]+)/g),
    ].map(([, link = '']) => link);
    expect(links.length).toBeGreaterThan(5);
    expect({ readme, outside: links.filter((link) => !/^https?:/.test(link) && !packed(link)) }).toEqual({
      readme,
      outside: [],
    });
  }
});
