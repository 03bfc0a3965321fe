import { execFile } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { putFile } from '../../cli/put-file.ts';
import { rewriteFile } from '../../embedded/make-once.ts';

/* An output is put where somebody says: half of it is never there, and nothing but a file is ever replaced. */

async function folderOf(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'countersign-put-')));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const put = (path: string, text: string) => putFile(path, (draft) => writeFile(draft, text));

test('a new file and one that is there', async () => {
  const folder = await folderOf();
  const file = join(folder, 'out');
  for (const text of ['first', 'second']) {
    await put(file, text);
    expect(await readFile(file, 'utf8')).toBe(text);
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['out']);
});

test('two at once: each has its own draft, and one of them stands there as a whole', async () => {
  const folder = await folderOf();
  const file = join(folder, 'out');
  const texts = Array.from({ length: 8 }, (_, n) => String(n).repeat(10_000));
  await Promise.all(texts.map((text) => put(file, text)));
  expect(texts).toContain(await readFile(file, 'utf8'));
  expect(await readdir(folder)).toEqual(['out']);
});

test('what fails leaves what was there, and no draft', async () => {
  const folder = await folderOf();
  const file = join(folder, 'out');
  await writeFile(file, 'before');
  const failing = putFile(file, async (draft) => {
    await writeFile(draft, 'half');
    throw new Error('cut');
  });
  await expect(failing).rejects.toThrow('cut');
  expect(await readFile(file, 'utf8')).toBe('before');
  expect(await readdir(folder)).toEqual(['out']);
});

test('a symbolic link stays, and its target is replaced, also one that is not there yet', async () => {
  const folder = await folderOf();
  await mkdir(join(folder, 'real'));
  for (const name of ['old', 'new']) {
    const target = join(folder, 'real', name);
    const link = join(folder, name);
    await symlink(join('real', name), link);
    if (name === 'old') await writeFile(target, 'before');
    await put(link, name);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(target, 'utf8')).toBe(name);
  }
  expect((await readdir(folder)).sort()).toEqual(['new', 'old', 'real']);
  await symlink('round', join(folder, 'round'));
  await expect(put(join(folder, 'round'), 'x')).rejects.toThrow();
});

test('a pipe stays one and gets the whole, also through a symbolic link', async () => {
  const folder = await folderOf();
  const fifo = join(folder, 'fifo');
  const link = join(folder, 'link');
  await promisify(execFile)('mkfifo', [fifo]);
  await symlink(fifo, link);
  for (const path of [fifo, link]) {
    const reading = promisify(execFile)('cat', [fifo]);
    await put(path, `to ${path}`);
    expect((await reading).stdout).toBe(`to ${path}`);
    expect((await stat(fifo)).isFIFO()).toBe(true);
  }
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect((await readdir(folder)).sort()).toEqual(['fifo', 'link']);
});

test('a folder is refused before anything is made', async () => {
  const folder = await folderOf();
  let isMade = false;
  const making = putFile(folder, () => Promise.resolve((isMade = true)));
  await expect(making).rejects.toMatchObject({ code: 'commander.invalidArgument' });
  expect(isMade).toBe(false);
});

test('a file of keys that is rewritten through a symbolic link keeps the link', async () => {
  const folder = await folderOf();
  await writeFile(join(folder, 'target'), 'before');
  await symlink('target', join(folder, 'link'));
  await rewriteFile(join(folder, 'link'), 'after');
  expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, 'target'), 'utf8')).toBe('after');
});
