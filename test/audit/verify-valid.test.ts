import { readFile, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { jsonText, packFiles } from '../../audit/pack/manifest.ts';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { openPack } from '../../audit/verify/pack-source.ts';
import { readTrustedKeys } from '../../audit/verify/trusted-keys.ts';
import { verifyPack } from '../../audit/verify/verify-pack.ts';
import { changeStory } from './change-story.ts';
import { fullLog } from './full-log.ts';
import { makeKeys, memoryLog, signed } from './memory-log.ts';
import { changed, found, freshPath, inFolder, packed, unpacked, verified } from './pack-file.ts';
import {
  all,
  bodies,
  exported,
  filesOf,
  keys,
  log,
  packOf,
  second,
  verifiedText,
  whole,
} from './pack-testbed.ts';

const ofChange = await filesOf({ covers: { kind: 'change', changeId: second }, since: null });

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

  test('a log with something of everything that is judged, and the change that has the most context', async () => {
    const { changeId, entries } = fullLog(keys);
    const full = memoryLog(entries, keys);
    const verdict = await verifiedText(await exported(full, all));
    expect({ found: found(verdict), ...verdict.checked }).toMatchObject({ found: [], changes: 4 });
    const ofOne = await exported(full, { covers: { kind: 'change', changeId }, since: null });
    expect(found(await verifiedText(ofOne))).toEqual([]);
  });

  test('but no pass where renderings were left out of a measurement', async () => {
    const trusted = readTrustedKeys([keys.trusted]);
    const verdict = await verifyPack(await openPack(await exported(log, all)), {
      ...{ keys: trusted, since: null, policies: null, withoutRenderings: true },
      ...{ freshness: { at: 0, maxAge: null }, verifyStatement: (claims) => claims.map(() => true) },
    });
    expect(verdict.result).toBe('incomplete');
    expect(found(verdict)).toEqual(['unchecked:rendering']);
  });

  test('and says what it proves, and what it does not', async () => {
    const verdict = await verifiedText(await packed(ofChange));
    expect(verdict).toMatchObject({
      covers: { kind: 'change', changeId: second },
      checkpoint: { size: 37, witnesses: [{ name: 'witness.test', time: '2026-11-24T12:00:00.000Z' }] },
      checked: { entries: 10, changes: 1, statements: 2, since: null },
      openChanges: [],
    });
    expect(verdict.notProven.join(' ')).toMatch(/Completeness/);
    expect((await verifiedText(await packed(whole))).notProven.join(' ')).not.toMatch(/Completeness/);
  });

  test('a range without the policy of its changes does not judge what it asked for, and says so', async () => {
    const request: PackRequest = { covers: { kind: 'range', from: 1, to: 37 }, since: null };
    const verdict = await verifiedText(await exported(log, request));
    expect(found(verdict)).toEqual([]);
    expect(verdict.notProven.join(' ')).toContain(
      'Whether 4 changes had the approvals that the policy asks for',
    );
    const all = await verifiedText(await packed(whole));
    expect(all.notProven.join(' ')).not.toContain('the policy asks for');
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

  test('with earlier checkpoints of a name and of a key that the log had before', async () => {
    const former = makeKeys('countersign.test/former');
    const elsewhere = await memoryLog(bodies.slice(1), former).earlierCheckpoints(0, 30);
    const rotated = await memoryLog(bodies, makeKeys()).earlierCheckpoints(0, 30);
    const files = changed(whole, 'proofs/checkpoints.json', (text) => {
      const { checkpoints } = JSON.parse(text) as { checkpoints: string[] };
      return jsonText({ checkpoints: [...elsewhere, ...rotated, ...checkpoints] });
    });
    const verdict = await verified(await packed(files), `${keys.trusted}${former.trusted}`);
    expect(found(verdict)).toEqual([]);
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

/** It says which files there are. */
const optional = new Set(['manifest.json']);

describe('nothing checked is never a pass', () => {
  test.each<[string, string, string[]]>([
    ['without a key of the API', keys.log.publicKey, ['unchecked:statement']],
    ['without a key of the log', keys.statementPem, ['badly_signed:checkpoint']],
  ])('%s', async (_name, trusted, findings) => {
    const verdict = await verified(await packed(whole), trusted);
    expect(found(verdict)).toEqual(findings);
    expect(verdict.result).not.toBe('valid');
  });

  test('without keys nothing is verified', async () => {
    await expect(verified(await packed(whole), '')).rejects.toThrow('expected a key');
  });

  test.each([...packFiles])('without %s', async (name) => {
    const files = whole.filter((file) => file.name !== name);
    expect(files).toHaveLength(whole.length - 1);
    const verdict = await verifiedText(await packed(files));
    expect(verdict.result).not.toBe('valid');
    // Also when the manifest knows of no such file.
    if (optional.has(name)) return;
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

test('with the keys of two logs in one file, no key of an API says of which it is', async () => {
  const told = async (more: string) =>
    (await verified(await packed(whole), keys.trusted + more)).notProven.filter((line) =>
      line.startsWith('Which installation’s API'),
    );
  const { log: staging } = makeKeys('staging.test/log');
  expect(await told('')).toEqual([]);
  expect(await told(`\n${makeKeys(keys.origin).log.publicKey}\n`)).toEqual([]);
  expect(await told(`\n${staging.publicKey}\n`)).toEqual([
    expect.stringContaining(`${keys.origin}, staging.test/log`),
  ]);
});
