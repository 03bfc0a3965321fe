import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { changed, found, freshPath, inFolder, packed } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';
import { verifiedText, whole } from './pack-testbed.ts';

describe('archives that would do harm', () => {
  test.each<[string, OpenFile]>([
    ['a path that climbs', { name: '../../etc/passwd', data: Buffer.from('x') }],
    ['an absolute path', { name: '/etc/passwd', data: Buffer.from('x') }],
    ['a file of no pack', { name: 'run-me.sh', data: Buffer.from('x') }],
    [
      'a link',
      { name: 'report.html', data: Buffer.alloc(0), header: { type: 'symlink', linkname: '/etc/passwd' } },
    ],
    [
      'a hard link',
      { name: 'report.html', data: Buffer.alloc(0), header: { type: 'link', linkname: 'README.txt' } },
    ],
    ['a folder', { name: 'report.html', data: Buffer.alloc(0), header: { type: 'directory' } }],
    ['a device', { name: 'report.html', data: Buffer.alloc(0), header: { type: 'character-device' } }],
    ['a file twice', { name: 'entries.csv', data: Buffer.from('x') }],
    ['a name that needs an extended header', { name: `${'a'.repeat(200)}/b`, data: Buffer.from('x') }],
  ])('%s', async (_name, file) => {
    const others = file.header ? whole.filter(({ name }) => name !== file.name) : whole;
    const verdict = await verifiedText(await packed([...others, file]));
    expect(verdict.result).toBe('tampered');
    expect(found(verdict).join()).toMatch(/unexpected|malformed/);
  });

  test('a manifest that lists a path that climbs, or one twice', async () => {
    for (const path of ['../x', 'README.txt']) {
      const files = changed(whole, 'manifest.json', (text) => {
        const manifest = JSON.parse(text) as { files: object[] };
        return JSON.stringify({
          ...manifest,
          files: [...manifest.files, { path, bytes: 1, sha256: 'a'.repeat(64) }],
        });
      });
      expect(found(await verifiedText(await packed(files)))).toEqual(['unexpected']);
    }
  });

  test('a giant file is not read to its end', async () => {
    const files = whole.map((f) => (f.name === 'report.html' ? { ...f, data: Buffer.alloc(50_000_000) } : f));
    const verdict = await verifiedText(await packed(files));
    expect(found(verdict)).toEqual(['altered']);
    const manifest = whole.map((f) =>
      f.name === 'manifest.json' ? { ...f, data: Buffer.alloc(2_000_000, 32) } : f,
    );
    expect(found(await verifiedText(await packed(manifest)))).toEqual(['malformed']);
  });

  test('something behind the end of the archive', async () => {
    const path = await packed(whole);
    const more = await freshPath();
    await writeFile(more, gzipSync(Buffer.concat([gunzipSync(await readFile(path)), Buffer.from('more')])));
    expect(found(await verifiedText(more))).toEqual(['unexpected']);
  });

  test('a folder by whatever name it has', async () => {
    const folder = await inFolder(whole);
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const name of ['.', './', './/.', folder, `${folder}/`, join('..', basename(folder))])
        expect(found(await verifiedText(name)), name).toEqual([]);
    } finally {
      process.chdir(before);
    }
  });

  test('a folder with a link, or with something else in it', async () => {
    const folder = await inFolder(whole);
    await writeFile(join(folder, 'note.txt'), '');
    expect(found(await verifiedText(folder))).toEqual(['unexpected']);
    await rm(join(folder, 'note.txt'));
    await rm(join(folder, 'entries.csv'));
    await symlink('/etc/passwd', join(folder, 'entries.csv'));
    expect(found(await verifiedText(folder))).toEqual(['unexpected']);
  });

  test('a link that the auditor names is followed', async () => {
    for (const pack of [await inFolder(whole), await packed(whole)]) {
      const link = await freshPath('link');
      await symlink(pack, link);
      expect((await verifiedText(link)).result).toBe('valid');
    }
  });

  test('a version that is not known is not called valid', async () => {
    const files = changed(whole, 'manifest.json', (text) => text.replace('"version": 1', '"version": 2'));
    expect(await verifiedText(await packed(files))).toMatchObject({ result: 'incomplete' });
  });
});
