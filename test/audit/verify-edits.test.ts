import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { jsonText, packFiles } from '../../audit/pack/manifest.ts';
import { changed, found, packed, unpacked } from './pack-file.ts';
import type { OpenFile } from './pack-file.ts';
import { leafHash } from '../../audit/merkle.ts';
import { memoryLog } from './memory-log.ts';
import {
  bodies,
  exported,
  filesOf,
  keys,
  lines,
  log,
  second,
  textOf,
  verifiedText,
  whole,
} from './pack-testbed.ts';

const within = await filesOf({ covers: { kind: 'range', from: 8, to: 30 }, since: null });
const later = await filesOf({ covers: { kind: 'range', from: 8, to: null }, since: null });
/** The log's key has signed it too. */
const other = memoryLog(
  bodies.map((body, i) => (i === 6 ? { ...body, time: '2026-11-24T09:00:00.000Z' } : body)),
  keys,
);
const otherNotes = await other.earlierCheckpoints(0, 10);
const ofChange = await filesOf({ covers: { kind: 'change', changeId: second }, since: null });

describe('what somebody does who has read the format, the manifest set right', () => {
  const edit =
    (index: number, from: string | RegExp, to: string | ((found: string) => string)) => (text: string) =>
      textOf(lines(text).map((line, i) => (i === index ? line.replace(from, to as string) : line)));
  const upTo = (count: number) => (text: string) => textOf(lines(text).slice(0, count));
  const doubled = (index: number) => (text: string) =>
    textOf(lines(text).flatMap((line, i) => (i === index ? [line, line] : [line])));
  const swapped = (a: number, b: number) => (text: string) => {
    const l = lines(text);
    return textOf(l.map((line, i) => (i === a ? l[b] : i === b ? l[a] : line) as string));
  };
  const without = (index: number) => (text: string) => textOf(lines(text).filter((_, i) => i !== index));
  /** Some line of the entries edited, and its leaf hash made anew. */
  const rehashed = (files: readonly OpenFile[], line: number, change: (text: string) => string) => {
    const entries = changed(files, 'entries.jsonl', change);
    const text = entries.find(({ name }) => name === 'entries.jsonl')?.data.toString() ?? '';
    const hash = leafHash(Buffer.from(lines(text)[line] ?? '')).toString('hex');
    return changed(entries, 'leaves.jsonl', edit(line, /"leafHash":"[0-9a-f]*"/, `"leafHash":"${hash}"`));
  };
  const withCheckpoints = (files: readonly OpenFile[], checkpoints: readonly string[]) =>
    changed(files, 'proofs/checkpoints.json', () => jsonText({ checkpoints }));
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
      'an entry edited, its leaf hash with it',
      'altered:other_tree@10',
      10,
      () => rehashed(whole, 13, edit(13, '"round":1', '"round":2')),
    ],
    [
      'the same, behind the last of the earlier checkpoints',
      'altered:other_tree@35',
      35,
      () => rehashed(whole, 35, edit(35, '"time":"2026-11-24T04', '"time":"2026-11-24T05')),
    ],
    [
      'the same, and before it one whose hash was left as it was',
      'altered:other_tree',
      13,
      () =>
        rehashed(
          changed(whole, 'entries.jsonl', edit(13, '"round":1', '"round":2')),
          30,
          edit(30, '"round":1', '"round":2'),
        ),
    ],
    [
      'the same, without the earlier checkpoints',
      'altered:other_tree@0',
      0,
      () => rehashed(withCheckpoints(whole, []), 13, edit(13, '"round":1', '"round":2')),
    ],
    [
      'the same, in a range that starts later',
      'altered:other_tree',
      null,
      () => rehashed(withCheckpoints(later, []), 5, edit(5, '"round":1', '"round":2')),
    ],
    [
      'an earlier checkpoint of another tree, signed by the log’s key',
      'forked:earlier@5',
      5,
      () => withCheckpoints(whole, otherNotes),
    ],
    [
      'an earlier checkpoint that its key did not sign',
      'badly_signed:checkpoint',
      null,
      () => changed(whole, 'proofs/checkpoints.json', (text) => text.replace('\\n10\\n', '\\n11\\n')),
    ],
    ['an entry dropped', 'missing@13', 13, () => changed(whole, 'entries.jsonl', without(13), drop(13))],
    [
      'the last entry dropped',
      'truncated@36',
      36,
      () => changed(whole, 'entries.jsonl', without(36), drop(36)),
    ],
    [
      'the last entries dropped, and their leaves',
      'truncated@30',
      30,
      () => changed(changed(whole, 'leaves.jsonl', upTo(30)), 'entries.jsonl', upTo(30)),
    ],
    [
      'the last entries of a range dropped, and their leaves',
      'truncated@20',
      20,
      () => changed(changed(within, 'leaves.jsonl', upTo(12)), 'entries.jsonl', upTo(12)),
    ],
    [
      'two entries swapped, and their leaves',
      'reordered@13',
      13,
      () => changed(changed(whole, 'leaves.jsonl', swapped(13, 20)), 'entries.jsonl', swapped(13, 20)),
    ],
    [
      'an entry doubled, and its leaf',
      'unexpected@14',
      14,
      () => changed(changed(whole, 'leaves.jsonl', doubled(13)), 'entries.jsonl', doubled(13)),
    ],
    [
      'an entry dropped, and its leaf',
      'missing@13',
      13,
      () => changed(changed(whole, 'leaves.jsonl', without(13)), 'entries.jsonl', without(13), drop(13)),
    ],
    [
      'an entry made longer, and the manifest left as it was',
      'altered@13',
      13,
      () =>
        whole.map((file) =>
          file.name === 'entries.jsonl'
            ? { ...file, data: Buffer.from(edit(13, '"round":1', '"round":10')(file.data.toString())) }
            : file,
        ),
    ],
    [
      'what joins a range to the root dropped',
      'missing',
      null,
      () => within.filter(({ name }) => name !== 'proofs/range.json'),
    ],
    ['two entries swapped', 'reordered@13', 13, () => changed(whole, 'entries.jsonl', swapped(13, 20))],
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
      'unexpected@37',
      37,
      () => changed(whole, 'entries.jsonl', (text) => `${text}${lines(text)[2] as string}\n`),
    ],
    [
      'a query column edited',
      'altered:column@13',
      13,
      () => changed(whole, 'leaves.jsonl', edit(13, '"actor":"', '"actor":"x')),
    ],
    [
      'a leaf’s place edited',
      'altered@13',
      13,
      () => changed(whole, 'leaves.jsonl', edit(13, '"index":13', '"index":14')),
    ],
    [
      'an entry of a change dropped, its leaf kept',
      'missing',
      null,
      () => changed(ofChange, 'entries.jsonl', without(8), drop(8)),
    ],
    [
      'an entry of a change edited',
      'altered@14',
      14,
      () => changed(ofChange, 'entries.jsonl', edit(5, '"ordinal":1', '"ordinal":3')),
    ],
    [
      'a proof edited',
      'altered:proof@13',
      13,
      () =>
        changed(
          ofChange,
          'leaves.jsonl',
          edit(4, /"proof":\["./, (found) => (found.endsWith('0') ? '"proof":["1' : '"proof":["0')),
        ),
    ],
    [
      'a proof that is none',
      'malformed@13',
      13,
      () => changed(ofChange, 'leaves.jsonl', edit(4, /"proof":\[.*\]/, '"proof":"x"')),
    ],
    [
      'a column of a change edited',
      'altered:column@14',
      14,
      () => changed(ofChange, 'leaves.jsonl', edit(5, '"type":"attempt.started"', '"type":"attempt.failed"')),
    ],
    [
      'an approval and its leaf dropped from a change',
      'illogical:scheduled_without_approval@13',
      13,
      () => changed(changed(ofChange, 'leaves.jsonl', without(3)), 'entries.jsonl', without(3), drop(3)),
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
      () => changed(whole, 'README.txt', (text) => text.replace('* Entries from', '* No entries from')),
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
    [
      'the manifest telling more of what it covers, which the verdict does not repeat',
      'altered:file',
      null,
      () => changed(whole, 'manifest.json', (text) => text.replace('"covers": {', '"covers": {"note": 1,')),
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
