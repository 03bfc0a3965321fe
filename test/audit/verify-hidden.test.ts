import { readFile, writeFile } from 'node:fs/promises';
import { crc32, deflateRawSync, gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { jsonText } from '../../audit/pack/manifest.ts';
import type { ConsistencyProof, Manifest } from '../../audit/pack/manifest.ts';
import { ustarHeader } from '../../audit/verify/ustar-header.ts';
import { changed, found, freshPath, inFolder, packed } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';
import { exported, filesOf, log, all, second, textOf, lines, verifiedText, whole } from './pack-testbed.ts';

const ofChange = await filesOf({ covers: { kind: 'change', changeId: second }, since: null });
const since7 = await filesOf({ covers: { kind: 'change', changeId: second }, since: 7 });
const dataOf = (files: readonly OpenFile[], name: string): Buffer =>
  files.find((file) => file.name === name)?.data ?? Buffer.alloc(0);

/** A file put among the others in its place, and into the manifest. */
function added(files: readonly OpenFile[], file: OpenFile, before: string): OpenFile[] {
  const at = files.findIndex(({ name }) => name === before);
  const more = [...files.slice(0, at), file, ...files.slice(at)];
  return changed(
    more,
    '',
    (t) => t,
    (m) => {
      const listed = m.files as { path: string }[];
      const place = listed.findIndex(({ path }) => path === before);
      const entry = { path: file.name, bytes: file.data.length, sha256: '0'.repeat(64) };
      return { ...m, files: [...listed.slice(0, place), entry, ...listed.slice(place)] };
    },
  );
}
/** Twice, since the sums of what is new are made anew the second time. */
const settled = (files: readonly OpenFile[]) => changed(files, '', (t) => t);

describe('what could hide in a pack, the manifest set right', () => {
  const firstLine = (edit: (line: string) => string) => (text: string) =>
    textOf(lines(text).map((line, i) => (i === 0 ? edit(line) : line)));
  const leaf = (edit: (line: string) => string) => () => changed(ofChange, 'leaves.jsonl', firstLine(edit));
  const json = (files: readonly OpenFile[], name: string, edit: (text: string) => string) => () =>
    changed(files, name, edit);

  test.each<[string, () => OpenFile[]]>([
    ['a member more in a leaf of a change', leaf((line) => line.replace('{', '{"note":"paid",'))],
    ['a member of a leaf twice', leaf((line) => line.replace('{', '{"index":99,'))],
    ['a blank in a leaf', leaf((line) => line.replace(':', ': '))],
    ['text behind the leaves of a change', json(ofChange, 'leaves.jsonl', (text) => `${text}more`)],
    ['a line more behind the leaves of a change', json(ofChange, 'leaves.jsonl', (text) => `${text}\n`)],
    ['text behind the leaves of a range', json(whole, 'leaves.jsonl', (text) => `${text}more`)],
    ['a member more in a range’s proof', json(whole, 'proofs/range.json', (t) => t.replace('{', '{"x": 1,'))],
    ['a member of a proof twice', json(whole, 'proofs/range.json', (t) => t.replace('{', '{\n  "from": 0,'))],
    ['a member more in the consistency', json(whole, 'consistency.json', (t) => t.replace('{', '{"x": 1,'))],
    ['a signature of the checkpoint twice', json(whole, 'checkpoint', (t) => t.replace(/(— .*\n)$/, '$1$1'))],
    [
      'a signature of an earlier checkpoint twice',
      json(whole, 'proofs/checkpoints.json', (t) => t.replace(/(— [^"\\]*\\n)/, '$1$1')),
    ],
    ['blanks behind a proof', json(whole, 'proofs/range.json', (t) => `${t}   \n`)],
    [
      'a member more in the checkpoints',
      json(whole, 'proofs/checkpoints.json', (t) => t.replace('{', '{"x": 1,')),
    ],
    [
      'a member more in the manifest',
      json(whole, 'manifest.json', (t) => t.replace('{', '{\n  "approved": true,')),
    ],
    [
      'a member more in its counts',
      json(whole, 'manifest.json', (t) => t.replace('"entries": 37', '"entries": 37,\n    "x": 1')),
    ],
    [
      'a member more in a file of it',
      json(whole, 'manifest.json', (t) =>
        t.replace('"path": "README.txt"', '"path": "README.txt",\n      "by": "x"'),
      ),
    ],
    [
      'a member of the manifest twice',
      json(whole, 'manifest.json', (t) => t.replace('"log"', '"log": "x",\n  "log"')),
    ],
    [
      'the time in another form',
      json(whole, 'manifest.json', (t) => t.replace(/"madeAt": "(.*)Z"/, '"madeAt": "$1+00:00"')),
    ],
    [
      'the verifier left out',
      () =>
        settled(
          whole
            .filter(({ name }) => name !== 'verify.mjs')
            .map((file) =>
              file.name === 'manifest.json'
                ? { ...file, data: Buffer.from(jsonText(withoutFile(file.data, 'verify.mjs'))) }
                : file,
            ),
        ),
    ],
    [
      'a range’s proof in a pack of a change',
      () => settled(added(ofChange, { name: 'proofs/range.json', data: Buffer.from('{}') }, 'leaves.jsonl')),
    ],
    [
      'checkpoints in a pack of a change',
      () =>
        settled(
          added(
            ofChange,
            { name: 'proofs/checkpoints.json', data: Buffer.from(jsonText({ checkpoints: ['x'] })) },
            'leaves.jsonl',
          ),
        ),
    ],
    [
      'a consistency that nobody named',
      () =>
        settled(
          added(
            ofChange,
            { name: 'consistency.json', data: dataOf(since7, 'consistency.json') },
            'leaves.jsonl',
          ),
        ),
    ],
    [
      'an earlier checkpoint twice',
      json(whole, 'proofs/checkpoints.json', (t) => {
        const { checkpoints } = JSON.parse(t) as { checkpoints: string[] };
        return jsonText({ checkpoints: [...checkpoints, checkpoints[0]] });
      }),
    ],
  ])('%s', async (_name, files) => {
    const verdict = await verifiedText(await packed(files()));
    expect(verdict.result, found(verdict).join()).toBe('tampered');
  });

  test('an older size that was made up', async () => {
    const made = (files: readonly OpenFile[], edit: (proof: ConsistencyProof) => ConsistencyProof) =>
      changed(files, 'consistency.json', (t) => jsonText(edit(JSON.parse(t) as ConsistencyProof)));
    const other = 'ab'.repeat(32);
    for (const files of [
      made(since7, (proof) => ({ ...proof, proof: proof.proof.map(() => other) })),
      made(since7, (proof) => ({ ...proof, root: other })),
      made(since7, (proof) => ({ ...proof, from: 9 })),
      // The manifest claims a size; what says so is no proof of it.
      changed(
        made(since7, (proof) => ({ ...proof, from: 9 })),
        '',
        (t) => t,
        (m) => ({ ...m, since: 9 }),
      ),
    ]) {
      expect((await verifiedText(await packed(files))).result).toBe('tampered');
    }
    // Named and proved, the reader is told all the same that it may not be theirs.
    const honest = await verifiedText(await packed(since7));
    expect(honest.result).toBe('valid');
    const told = /Consistency with a checkpoint that you had before/;
    expect(honest.notProven.join()).toMatch(told);
    expect(dataOf(since7, 'README.txt').toString()).toMatch(told);
    const own = (await log.checkpoint(7)).note;
    expect((await verifiedText(await packed(since7), own)).notProven.join()).not.toMatch(told);
  });

  test('signatures and checkpoints of strangers are named', async () => {
    const stranger = `— stranger.example ${Buffer.alloc(68, 1).toString('base64')}\n`;
    const files = changed(whole, 'checkpoint', (t) => `${t}${stranger}`);
    const verdict = await verifiedText(await packed(files));
    expect(verdict.notProven.join()).toMatch(/1 signature on the checkpoint/);
    expect((await verifiedText(await packed(whole))).notProven.join()).not.toMatch(
      /signature on the checkpoint/,
    );
    const noise = `stranger.example\n3\n${Buffer.alloc(32).toString('base64')}\n\n${stranger}`;
    const more = changed(whole, 'proofs/checkpoints.json', (t) => {
      const { checkpoints } = JSON.parse(t) as { checkpoints: string[] };
      return jsonText({ checkpoints: [noise, ...checkpoints] });
    });
    expect((await verifiedText(await packed(more))).notProven.join()).toMatch(
      /1 earlier checkpoint in the pack/,
    );
  });

  test('files of one’s own in the folder of proofs', async () => {
    const folder = await inFolder(ofChange);
    await writeFile(`${folder}/proofs/range.json`, 'hello');
    expect(found(await verifiedText(folder))).toEqual(['unexpected']);
  });
});

function withoutFile(manifest: Buffer, path: string): Manifest {
  const read = JSON.parse(manifest.toString()) as Manifest;
  return { ...read, files: read.files.filter((file) => file.path !== path) };
}

describe('what could hide in an archive', () => {
  const tarOf = async () => gunzipSync(await readFile(await exported(log, all)));
  async function archive(tar: Buffer, wrap: (raw: Buffer) => Buffer = gzipSync): Promise<string> {
    const path = await freshPath();
    await writeFile(path, wrap(tar));
    return path;
  }
  /** The header of the first file changed, and its checksum set right. */
  function reheaded(tar: Buffer, change: (header: Buffer) => void): Buffer {
    const copy = Buffer.from(tar);
    const header = copy.subarray(0, 512);
    change(header);
    header.fill(0x20, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')} \0`, 148, 'latin1');
    return copy;
  }

  test('headers are those of an export', async () => {
    const tar = await tarOf();
    const mtime = Number.parseInt(tar.toString('latin1', 136, 147), 8);
    const size = Number.parseInt(tar.toString('latin1', 124, 135), 8);
    expect(ustarHeader('manifest.json', size, mtime)).toEqual(tar.subarray(0, 512));
    expect((await verifiedText(await archive(tar))).result).toBe('valid');
  });

  test.each<[string, (tar: Buffer) => Buffer]>([
    ['behind the NUL of a name', (tar) => reheaded(tar, (h) => void h.write('secret', 20))],
    ['in the name of an owner', (tar) => reheaded(tar, (h) => void h.write('root', 265))],
    ['in a number of a device', (tar) => reheaded(tar, (h) => void h.write('000001', 329))],
    ['in the slack of a header', (tar) => reheaded(tar, (h) => void h.write('secret', 500))],
    ['in the mode', (tar) => reheaded(tar, (h) => void h.write('000755', 100))],
    ['in the time', (tar) => reheaded(tar, (h) => void h.write('00000000001', 136))],
    ['behind the NUL of the type’s link', (tar) => reheaded(tar, (h) => void h.write('x', 200))],
    [
      'in the padding of a file',
      (tar) => {
        const copy = Buffer.from(tar);
        const size = Number.parseInt(tar.toString('latin1', 124, 135), 8);
        copy.write('x', 512 + size);
        return copy;
      },
    ],
    [
      'between the two blocks at its end',
      (tar) => {
        const c = Buffer.from(tar);
        c[c.length - 1] = 1;
        return c;
      },
    ],
    ['as zeros behind its end', (tar) => Buffer.concat([tar, Buffer.alloc(512)])],
  ])('%s', async (_name, change) => {
    const verdict = await verifiedText(await archive(change(await tarOf())));
    expect(verdict.result, found(verdict).join()).toBe('tampered');
  });

  const member = (tar: Buffer, flags: number, extra: Buffer): Buffer => {
    const trailer = Buffer.alloc(8);
    trailer.writeUInt32LE(crc32(tar), 0);
    trailer.writeUInt32LE(tar.length, 4);
    return Buffer.concat([
      Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]),
      extra,
      deflateRawSync(tar),
      trailer,
    ]);
  };
  test.each<[string, (tar: Buffer) => Buffer]>([
    ['in a name of the gzip file', (tar) => member(tar, 8, Buffer.from('secret\0'))],
    ['in a comment of it', (tar) => member(tar, 16, Buffer.from('secret\0'))],
    [
      'in its time',
      (tar) => {
        const g = gzipSync(tar);
        g[4] = 1;
        return g;
      },
    ],
    [
      'in another member',
      (tar) => Buffer.concat([gzipSync(tar), member(Buffer.alloc(0), 8, Buffer.from('secret\0'))]),
    ],
    ['behind its end', (tar) => Buffer.concat([gzipSync(tar), Buffer.from('secret')])],
    ['as zeros behind its end', (tar) => Buffer.concat([gzipSync(tar), Buffer.alloc(9)])],
    [
      'behind its end, with its own trailer again',
      (tar) => {
        const g = gzipSync(tar);
        return Buffer.concat([g, Buffer.from('x'), g.subarray(-8)]);
      },
    ],
  ])('%s', async (_name, wrap) => {
    const verdict = await verifiedText(await archive(await tarOf(), wrap));
    expect(verdict.result, found(verdict).join()).toBe('tampered');
  });
});

describe('a pack that would keep the verifier busy', () => {
  test.each([
    ['a range', whole],
    ['a change', ofChange],
  ])('%s of 40 MB of empty lines is given up', async (_name, files) => {
    const empty = Buffer.alloc(40_000_000, 0x0a);
    const bomb = changed(
      files.map((file) =>
        file.name === 'entries.jsonl' || file.name === 'leaves.jsonl' ? { ...file, data: empty } : file,
      ),
      '',
      (t) => t,
      (m) => ({ ...m, counts: { ...(m.counts as object), entries: 40_000_000 } }),
    );
    const path = await packed(bomb);
    expect((await readFile(path)).length).toBeLessThan(200_000);
    const began = performance.now();
    const verdict = await verifiedText(path);
    expect(verdict.result).toBe('tampered');
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test('and one with many more entries than it says', async () => {
    const entry = lines(dataOf(whole, 'entries.jsonl').toString())[0] ?? '';
    const many = changed(whole, 'entries.jsonl', () => `${entry}\n`.repeat(30_000));
    const began = performance.now();
    const verdict = await verifiedText(await packed(many));
    expect(verdict).toMatchObject({ result: 'tampered' });
    expect(verdict.checked.entries).toBeLessThan(2_000);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
