import { randomUUID } from 'node:crypto';
import { readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { packFiles } from '../../audit/pack/manifest.ts';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { openPack } from '../../audit/verify/pack-source.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { changeStory, person } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import type { MemoryLog } from './memory-log.ts';
import { changed, found, freshPath, inFolder, packed, saved, unpacked, verified } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';

const keys = makeKeys();
const ends = (s: ChangeStory): EntryBody[] => [
  s.requested(),
  s.prechecked(),
  s.approved(),
  s.scheduled(),
  s.started(1),
  s.ended('failed', 1),
  s.started(2),
  s.ended('succeeded', 2),
  s.closed(),
];
const stories = Array.from({ length: 4 }, (_, n) => {
  const story = changeStory({ began: `2026-11-24T0${n + 1}:00:00.000Z` });
  return { id: story.changeId, entries: ends(story).map((body) => signed(body, keys)) };
});
const bodies = stories.flatMap(({ entries }) => entries);
const [first = '', second = ''] = stories.map(({ id }) => id);
const all: PackRequest = { covers: { kind: 'range', from: 0, to: null }, since: null };

async function exported(log: MemoryLog, request: PackRequest, size = log.bytes.length): Promise<string> {
  const checkpoint = await log.checkpoint(size);
  const { entries, read } = log;
  return saved(
    (await preparePack({ entries, read, checkpoint, verifier: Buffer.from('//\n') }, request)).stream(),
  );
}
/** A pack of a log that was built from these bodies, whole. */
const packOf = async (entries: readonly (EntryBody | Buffer)[]) => exported(memoryLog(entries, keys), all);
const verifiedText = async (path: string, since: string | null = null) => verified(path, keys.trusted, since);

let log: MemoryLog;
let whole: OpenFile[];
let ofChange: OpenFile[];

beforeAll(async () => {
  log = memoryLog(bodies, keys);
  whole = await unpacked(await readFile(await exported(log, { ...all, since: 7 })));
  ofChange = await unpacked(
    await readFile(await exported(log, { covers: { kind: 'change', changeId: second }, since: null })),
  );
});

const lines = (text: string) => text.split('\n').slice(0, -1);
const textOf = (some: readonly string[]) => some.map((line) => `${line}\n`).join('');
const without = (index: number) => (text: string) => textOf(lines(text).filter((_, i) => i !== index));

describe('an untouched pack is valid', () => {
  test.each<[string, PackRequest]>([
    ['the whole log', all],
    ['a range from within', { covers: { kind: 'range', from: 5, to: 23 }, since: null }],
    ['one entry', { covers: { kind: 'range', from: 35, to: 36 }, since: null }],
    ['a change', { covers: { kind: 'change', changeId: second }, since: null }],
  ])('%s', async (_name, request) => {
    const path = await exported(log, request);
    const verdict = await verifiedText(path);
    expect(found(verdict)).toEqual([]);
    expect(verdict.result).toBe('valid');
    expect(verdict.checked.entries).toBeGreaterThan(0);
    const unpackedPath = await inFolder(await unpacked(await readFile(path)));
    expect(await verifiedText(unpackedPath)).toEqual(verdict);
  });

  test('and says what it proves, and what it does not', async () => {
    const verdict = await verifiedText(await packed(ofChange));
    expect(verdict).toMatchObject({
      covers: { kind: 'change', changeId: second },
      checkpoint: { size: 36, witnesses: [{ name: 'witness.test', time: '2026-11-24T12:00:00.000Z' }] },
      checked: { entries: 9, changes: 1, statements: 2, since: null },
      openChanges: [],
    });
    expect(verdict.notProven.join(' ')).toMatch(/Completeness/);
    expect((await verifiedText(await packed(whole))).notProven.join(' ')).not.toMatch(/Completeness/);
  });

  test('for every range of a log of every size up to 17', async () => {
    for (let size = 1; size <= 17; size += 4) {
      for (let from = 0; from < size; from += 3) {
        for (let to = from + 1; to <= size; to += 4) {
          const path = await exported(log, { covers: { kind: 'range', from, to }, since: null }, size);
          expect(found(await verifiedText(path))).toEqual([]);
        }
      }
    }
  });

  test.each([0, 7, 36])('against an own checkpoint of size %i', async (size) => {
    const since = (await log.checkpoint(size)).note;
    const verdict = await verifiedText(await packed(whole), since);
    expect(found(verdict)).toEqual([]);
    expect(verdict.checked.since).toBe(size);
  });

  test('of a change, against an own checkpoint that the pack leads on from, and no other', async () => {
    const path = await exported(log, { covers: { kind: 'change', changeId: second }, since: 7 });
    const verdict = await verifiedText(path, (await log.checkpoint(7)).note);
    expect(verdict.checked.since).toBe(7);
    const other = await verifiedText(path, (await log.checkpoint(8)).note);
    expect(other.result).toBe('incomplete');
    expect(found(other)).toEqual(['unchecked:since']);
  });

  test('with changes that have not closed, which are listed', async () => {
    const story = changeStory();
    const entries = [
      story.requested(),
      story.prechecked(),
      story.approved(),
      story.scheduled(),
      story.started(),
    ];
    const verdict = await verifiedText(await packOf(entries.map((body) => signed(body, keys))));
    expect(verdict.result).toBe('valid');
    expect(verdict.openChanges).toEqual([{ changeId: story.changeId, openAttempts: [1] }]);
  });
});

describe('nothing checked is never a pass', () => {
  test.each<[string, string, string[]]>([
    ['without keys', '', ['badly_signed:checkpoint', 'unchecked:statement']],
    ['without a key of the API', keys.log.publicKey, ['unchecked:statement']],
    ['without a key of the log', keys.statementPem, ['badly_signed:checkpoint']],
  ])('%s', async (_name, trusted, findings) => {
    const verdict = await verified(await packed(whole), trusted);
    expect(found(verdict)).toEqual(findings);
    expect(verdict.result).not.toBe('valid');
  });

  test.each([...packFiles])('without %s', async (name) => {
    const files = whole.filter((file) => file.name !== name);
    expect(files).toHaveLength(whole.length - 1);
    const verdict = await verifiedText(await packed(files));
    expect(verdict.result).not.toBe('valid');
    // Also when the manifest knows of no such file.
    if (name === 'manifest.json' || name === 'verify.mjs' || name === 'consistency.json') return;
    const forgotten = changed(
      files,
      '',
      (t) => t,
      (m) => ({
        ...m,
        files: (m.files as { path: string }[]).filter(({ path }) => path !== name),
      }),
    );
    expect((await verifiedText(await packed(forgotten))).result).not.toBe('valid');
  });

  test('an empty file, an empty archive, an empty folder, nothing', async () => {
    const empty = await freshPath();
    await writeFile(empty, '');
    for (const path of [empty, await packed([]), await inFolder([])]) {
      expect((await verifiedText(path)).result).toBe('incomplete');
    }
    await expect(openPack('/nowhere/at/all')).rejects.toMatchObject({ kind: 'unreadable' });
  });

  test('a pack without an entry', async () => {
    const cut = changed(whole, 'entries.jsonl', () => '');
    expect((await verifiedText(await packed(cut))).result).toBe('tampered');
  });

  test('an archive that was cut anywhere', async () => {
    const path = await packed(whole);
    const { length } = await readFile(path);
    for (let kept = 1; kept < length; kept += Math.ceil(length / 40)) {
      const part = await freshPath();
      await writeFile(part, await readFile(path));
      await truncate(part, kept);
      expect((await verifiedText(part)).result, `${kept} of ${length}`).toBe('incomplete');
    }
  });
});

describe('what somebody does who has read the format, the manifest set right', () => {
  const edit = (index: number, from: string | RegExp, to: string) => (text: string) =>
    textOf(lines(text).map((line, i) => (i === index ? line.replace(from, to) : line)));
  const drop = (index: number) => (m: Record<string, unknown>) => {
    const counts = m.counts as { entries: number; changes: number; types: Record<string, number> };
    const type = bodies[index]?.type ?? '';
    const types = { ...counts.types, [type]: (counts.types[type] ?? 0) - 1 };
    return { ...m, counts: { ...counts, entries: counts.entries - 1, types } };
  };

  test.each<[string, string, number | null, () => OpenFile[]]>([
    [
      'bytes of an entry edited',
      'altered@13',
      13,
      () => changed(whole, 'entries.jsonl', edit(13, '"round":1', '"round":2')),
    ],
    [
      'an entry and its leaf hash edited',
      'altered:other_tree',
      null,
      () => {
        const entries = changed(whole, 'entries.jsonl', edit(13, '"round":1', '"round":2'));
        return changed(entries, 'leaves.jsonl', edit(13, /"leafHash":"../, '"leafHash":"00'));
      },
    ],
    ['an entry dropped', 'missing@13', 13, () => changed(whole, 'entries.jsonl', without(13), drop(13))],
    [
      'the last entry dropped',
      'truncated@35',
      35,
      () => changed(whole, 'entries.jsonl', without(35), drop(35)),
    ],
    [
      'two entries swapped',
      'reordered@13',
      13,
      () =>
        changed(whole, 'entries.jsonl', (text) => {
          const l = lines(text);
          return textOf(l.map((line, i) => (i === 13 ? l[20] : i === 20 ? l[13] : line) as string));
        }),
    ],
    [
      'an entry put between',
      'unexpected@13',
      13,
      () =>
        changed(whole, 'entries.jsonl', (text) => {
          const l = lines(text);
          return textOf([...l.slice(0, 13), l[2] as string, ...l.slice(13)]);
        }),
    ],
    [
      'an entry put behind',
      'unexpected@36',
      36,
      () => changed(whole, 'entries.jsonl', (text) => `${text}${lines(text)[2] as string}\n`),
    ],
    [
      'a query column edited',
      'altered:column@13',
      13,
      () => changed(whole, 'leaves.jsonl', edit(13, '"actor":"', '"actor":"x')),
    ],
    [
      'an entry of a change dropped, its leaf kept',
      'missing',
      null,
      () => changed(ofChange, 'entries.jsonl', without(8), drop(8)),
    ],
    [
      'an entry of a change edited',
      'altered@13',
      13,
      () => changed(ofChange, 'entries.jsonl', edit(4, '"ordinal":1', '"ordinal":3')),
    ],
    [
      'a proof edited',
      'altered:proof@13',
      13,
      () => changed(ofChange, 'leaves.jsonl', edit(4, /"proof":\["../, '"proof":["00')),
    ],
    [
      'a proof that is none',
      'malformed@13',
      13,
      () => changed(ofChange, 'leaves.jsonl', edit(4, /"proof":\[.*\]/, '"proof":"x"')),
    ],
    [
      'a column of a change edited',
      'altered:column@13',
      13,
      () => changed(ofChange, 'leaves.jsonl', edit(4, '"type":"attempt.started"', '"type":"attempt.failed"')),
    ],
    [
      'an approval and its leaf dropped from a change',
      'illogical:scheduled_without_approval@12',
      12,
      () => changed(changed(ofChange, 'leaves.jsonl', without(2)), 'entries.jsonl', without(2), drop(2)),
    ],
    [
      'the OCSF rendering edited',
      'altered:rendering',
      null,
      () => changed(whole, 'ocsf.jsonl', (text) => text.replace('bob', 'eve')),
    ],
    [
      'the table edited',
      'altered:rendering',
      null,
      () => changed(whole, 'entries.csv', (text) => text.replace('bob', 'eve')),
    ],
    [
      'the report edited',
      'altered:rendering',
      null,
      () => changed(whole, 'report.html', (text) => text.replace('bob', 'eve')),
    ],
    [
      'what is not proven left out',
      'altered:rendering',
      null,
      () => changed(whole, 'README.txt', (text) => text.replace('* Entries after', '* No entries after')),
    ],
    [
      'the manifest telling of more',
      'altered:file',
      null,
      () =>
        changed(whole, 'manifest.json', (text) =>
          text.replace('"notProven": [', '"notProven": ["Nothing.",'),
        ),
    ],
  ])('%s', async (_name, finding, index, files) => {
    const verdict = await verifiedText(await packed(files()));
    expect(found(verdict)).toContain(finding);
    expect(verdict.result).toBe('tampered');
    if (index !== null) expect(verdict.firstBadIndex).toBe(index);
  });

  test('edited without the manifest', async () => {
    for (const name of packFiles.slice(1)) {
      const files = whole.map((f) => {
        if (f.name !== name) return f;
        const data = Buffer.from(f.data);
        const middle = Math.floor(data.length / 2);
        data[middle] = (data[middle] ?? 0) ^ 1;
        return { ...f, data };
      });
      expect((await verifiedText(await packed(files))).result, name).toBe('tampered');
    }
  });

  test('a range that claims another place', async () => {
    const path = await exported(log, { covers: { kind: 'range', from: 8, to: 16 }, since: null });
    const files = await unpacked(await readFile(path));
    const moved = changed(
      changed(files, 'proofs/range.json', (text) =>
        text.replace('"from": 8', '"from": 16').replace('"to": 16', '"to": 24'),
      ),
      '',
      (t) => t,
      (m) => ({ ...m, covers: { kind: 'range', from: 16, to: 24 } }),
    );
    expect((await verifiedText(await packed(moved))).result).toBe('tampered');
  });
});

describe('signatures', () => {
  const mallory = makeKeys();

  test('everything rewritten consistently under another key', async () => {
    const forged = memoryLog(
      bodies.map((body) => signed(body, mallory)),
      mallory,
    );
    const path = await exported(forged, all);
    expect((await verified(path, mallory.trusted)).result).toBe('valid');
    const verdict = await verifiedText(path);
    expect(verdict.result).toBe('tampered');
    expect(found(verdict)).toContain('badly_signed:checkpoint');
    expect(verdict.checkpoint).toBeNull();
  });

  test('the keys of two parties swapped', async () => {
    const note = whole.find((f) => f.name === 'checkpoint')?.data.toString() ?? '';
    const theirs = await memoryLog(bodies, mallory).checkpoint();
    const swapped = changed(whole, 'checkpoint', () => theirs.note);
    expect(note).not.toBe(theirs.note);
    expect(found(await verifiedText(await packed(swapped)))).toContain('badly_signed:checkpoint');
    // A witness's key is no log's.
    const verdict = await verified(await packed(whole), `${keys.witness.publicKey}\n${keys.statementPem}`);
    expect(found(verdict)).toContain('badly_signed:checkpoint');
  });

  test('a checkpoint of the same log at another size', async () => {
    const older = await log.checkpoint(30);
    expect((await verifiedText(await packed(changed(whole, 'checkpoint', () => older.note)))).result).toBe(
      'tampered',
    );
  });

  test('a cosignature that does not verify spoils the checkpoint', async () => {
    const broken = changed(whole, 'checkpoint', (text) =>
      text.replace(
        /(witness\.test .{40})(.)/,
        (_, kept: string, old: string) => kept + (old === 'A' ? 'B' : 'A'),
      ),
    );
    expect(found(await verifiedText(await packed(broken)))).toContain('badly_signed:checkpoint');
  });

  test('an approval that the API did not sign, in a log that is sound', async () => {
    const forged = bodies.map((body, i) => (i === 11 || i === 12 ? signed(body, mallory) : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(found(verdict)).toEqual(['badly_signed:statement@11', 'badly_signed:statement@12']);
    expect(verdict).toMatchObject({ result: 'tampered', firstBadIndex: 11 });
  });

  test('an approval by nobody, in a log that is sound', async () => {
    const forged = bodies.map((body, i) => (i === 11 ? { ...body, statement: null, signature: null } : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(found(verdict)).toEqual([
      'illogical:statement_missing@11',
      'illogical:scheduled_without_approval@12',
    ]);
  });

  test('one person’s signed word under another’s name', async () => {
    const eve = { ...(bodies[11] as EntryBody), actor: { issuer: 'http://127.0.0.1:1', subject: 'eve' } };
    const forged = bodies.map((body, i) => (i === 11 ? eve : body));
    expect(found(await verifiedText(await packOf(forged)))).toContain('illogical:statement_differs@11');
  });
});

describe('the auditor’s last checkpoint', () => {
  test('is newer than the pack’s: the log was cut, or the pack is old', async () => {
    const path = await exported(log, all, 20);
    const verdict = await verifiedText(path, (await log.checkpoint(30)).note);
    expect(found(verdict)).toEqual(['stale']);
    expect(verdict.result).toBe('incomplete');
  });

  test.each<[string, PackRequest]>([
    ['the whole log', all],
    ['a range after it', { covers: { kind: 'range', from: 20, to: null }, since: 7 }],
    ['a change', { covers: { kind: 'change', changeId: second }, since: 7 }],
  ])('is of a fork: %s', async (_name, request) => {
    const before = bodies.map((body, i) => (i === 3 ? { ...body, source: '10.0.0.1' } : body));
    const since = (await memoryLog(before, keys).checkpoint(7)).note;
    const verdict = await verifiedText(await exported(log, request), since);
    expect(found(verdict)).toEqual(['forked']);
    expect(verdict).toMatchObject({ result: 'tampered', checked: { since: null } });
  });

  test('is signed by somebody else', async () => {
    const since = (await memoryLog(bodies, makeKeys()).checkpoint(7)).note;
    expect(found(await verifiedText(await packed(whole), since))).toEqual(['badly_signed:checkpoint']);
  });
});

describe('entries', () => {
  const at = (index: number, bytes: Buffer) => [...bodies.slice(0, index), bytes, ...bodies.slice(index)];
  const filler = (bytes: number) => {
    const make = (pad: string) =>
      `{"actor":{"process":"api"},"changeId":null,"operation":null,"pad":"${pad}","target":null,"time":"2026-11-24T09:00:00.000Z","type":"audit.read","v":1}`;
    return Buffer.from(make('x'.repeat(bytes - make('').length)));
  };

  test('of 32 KiB are taken, with one byte more they are not', async () => {
    expect(found(await verifiedText(await packOf(at(5, filler(32_768)))))).toEqual([]);
    const verdict = await verifiedText(await packOf(at(5, filler(32_769))));
    expect(found(verdict)).toContain('malformed:entry@5');
    expect(verdict.result).toBe('tampered');
  });

  test.each([
    [
      'with members out of order',
      '{"v":1,"actor":{},"changeId":null,"operation":null,"target":null,"time":"2026-11-24T09:00:00.000Z","type":"audit.read"}',
    ],
    ['with a member twice', filler(200).toString().replace('"pad"', '"actor":{"process":"x"},"pad"')],
    ['with a fraction', filler(200).toString().replace('"v":1', '"v":1.0')],
    ['of an unknown type', filler(200).toString().replace('audit.read', 'audit.reed')],
    ['without a time', filler(200).toString().replace('2026-11-24', '2026-13-24')],
    ['of another version', filler(200).toString().replace('"v":1', '"v":2')],
  ])('%s', async (_name, text) => {
    expect(found(await verifiedText(await packOf(at(5, Buffer.from(text)))))).toContain('malformed:entry@5');
  });

  test('that make no sense do not stop the rest from being judged', async () => {
    const broken = { ...(bodies[11] as EntryBody), statement: { person: { issuer: 'a', subject: 'b' } } };
    const forged = bodies.map((body, i) => (i === 11 ? broken : i === 33 ? { ...body, digest: 'x' } : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(verdict.result).toBe('tampered');
    expect(found(verdict).filter((f) => f.endsWith('@33'))).not.toEqual([]);
  });

  test('an attempt that nobody approved', async () => {
    const story = changeStory();
    const forged = [
      story.requested(),
      story.prechecked(),
      story.started(),
      story.ended('succeeded'),
      story.closed(),
    ];
    const verdict = await verifiedText(await packOf([...bodies, ...forged]));
    expect(found(verdict)).toEqual([
      'illogical:attempt_without_approval@38',
      'illogical:closed_otherwise@40',
    ]);
  });

  test('a change that lives twice, the old approval shown again', async () => {
    const verdict = await verifiedText(await packOf([...bodies, ...bodies.slice(0, 9)]));
    expect(found(verdict)).toContain('illogical:requested_twice@36');
  });

  test('cells of the table that a spreadsheet would run', async () => {
    const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1', '=cmd|"/c calc"!A1', 'a,"b"\nc'];
    const entries = formulas.map((justification) => changeStory().requested({ justification }));
    const path = await packOf(entries);
    expect((await verifiedText(path)).result).toBe('valid');
    const csv =
      (await unpacked(await readFile(path))).find((f) => f.name === 'entries.csv')?.data.toString() ?? '';
    for (const formula of formulas.slice(0, -1)) {
      expect(csv).toContain(`,"'${formula.replaceAll('"', '""')}",`);
    }
    expect(csv).toContain(',"a,""b""\nc",');
    expect(csv).not.toMatch(/(\r\n|,)"?[=+@\t]/);
  });

  test('the report escapes what people wrote', async () => {
    const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>\u202e';
    const story = changeStory();
    const by = { ...person('bob"><b>', 'approver'), name: '<i>Bob</i>' };
    const entries = [story.requested({ justification: evil }), story.prechecked(), story.approved(by)];
    const path = await packOf(entries.map((body) => signed(body, keys)));
    const page =
      (await unpacked(await readFile(path))).find((f) => f.name === 'report.html')?.data.toString() ?? '';
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toMatch(/<script|<img|<i>|<b>|\u202e/);
    expect((await verifiedText(path)).result).toBe('valid');
  });
});

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

  test('a folder with a link, or with something else in it', async () => {
    const folder = await inFolder(whole);
    await writeFile(join(folder, 'note.txt'), '');
    expect(found(await verifiedText(folder))).toEqual(['unexpected']);
    await rm(join(folder, 'note.txt'));
    await rm(join(folder, 'entries.csv'));
    await symlink('/etc/passwd', join(folder, 'entries.csv'));
    expect(found(await verifiedText(folder))).toEqual(['unexpected']);
  });

  test('a version that is not known is not called valid', async () => {
    const files = changed(whole, 'manifest.json', (text) => text.replace('"version": 1', '"version": 2'));
    expect(await verifiedText(await packed(files))).toMatchObject({ result: 'incomplete' });
  });
});

test('what cannot be packed is said', async () => {
  const codeOf = (request: PackRequest) =>
    exported(log, request).catch((error: unknown) => (error as { code?: string }).code);
  expect(await codeOf({ covers: { kind: 'change', changeId: randomUUID() }, since: null })).toBe('not_found');
  expect(await codeOf({ covers: { kind: 'range', from: 3, to: 37 }, since: null })).toBe('invalid_request');
  expect(await codeOf({ covers: { kind: 'range', from: 3, to: 3 }, since: null })).toBe('not_found');
  expect(await codeOf({ ...all, since: 37 })).toBe('invalid_request');
  expect(first).not.toBe(second);
});
