import fc from 'fast-check';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { consistencyProof, inclusionProof } from '../../../audit/merkle.ts';
import { checkPack } from '../../../console/page/proof/check-pack.ts';
import type { CheckedPack, VerifiedTree } from '../../../console/page/proof/check-pack.ts';
import type { Bytes } from '../../../console/page/proof/bytes.ts';
import { hex } from '../../../console/page/proof/bytes.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../../console/page/proof/merkle.ts';
import { BadKeys, readTrustedKeys } from '../../../console/page/proof/trusted-keys.ts';
import type { TrustedKeys } from '../../../console/page/proof/trusted-keys.ts';
import { BadPack, unpack } from '../../../console/page/proof/unpack.ts';
import { definedRoot, leavesOf, readerOf } from '../../audit/memory-tree.ts';
import { fullLog } from '../../audit/full-log.ts';
import { makeKeys, memoryLog } from '../../audit/memory-log.ts';
import { exported, keys, log, second } from '../../audit/pack-testbed.ts';

const trusted = await readTrustedKeys(keys.trusted);
const ofChange = (since: number | null = null) => ({
  covers: { kind: 'change', changeId: second } as const,
  since,
});

async function filesOf(since: number | null = null, size?: number): Promise<Map<string, Bytes>> {
  const packed = await readFile(await exported(log, ofChange(since), size));
  return new Map(await unpack(new Blob([packed])));
}
async function rememberedAt(size: number): Promise<VerifiedTree> {
  return { size, root: new Uint8Array((await log.checkpoint(size)).root) };
}
function check(
  files: ReadonlyMap<string, Bytes>,
  trust: TrustedKeys | null = trusted,
  before: VerifiedTree | null = null,
): Promise<CheckedPack> {
  return checkPack(files, second, trust, before);
}
/** The files with one of them rewritten. */
function edited(
  files: ReadonlyMap<string, Bytes>,
  path: string,
  edit: (text: string) => string,
): Map<string, Bytes> {
  const text = new TextDecoder().decode(files.get(path));
  const after = edit(text);
  expect(after).not.toBe(text);
  return new Map([...files, [path, new TextEncoder().encode(after)]]);
}

describe('a pack of a change', async () => {
  const files = await filesOf();

  test('is proved under the auditor’s keys, and says which entries', async () => {
    const { results, entries, checkpoint } = await check(files);
    expect(results).toEqual({
      entries: 'good',
      inclusion: 'good',
      checkpoint: 'good',
      cosignatures: 'good',
      consistency: 'unchecked',
    });
    expect(entries.map(({ type }) => type)).toContain('change.requested');
    expect(checkpoint).toMatchObject({ size: 37, isForged: false });
  });

  test('has beside its own entries those by which the change is judged', async () => {
    const { changeId, entries: bodies } = fullLog(keys);
    const covers = { kind: 'change', changeId } as const;
    const packed = await readFile(await exported(memoryLog(bodies, keys), { covers, since: null }));
    const files = new Map(await unpack(new Blob([packed])));
    const { results, entries } = await checkPack(files, changeId, trusted, null);
    expect(results).toMatchObject({ entries: 'good', inclusion: 'good', checkpoint: 'good' });
    const types = new Set(entries.filter((entry) => entry['changeId'] !== changeId).map(({ type }) => type));
    for (const type of ['policy.pinned', 'freeze.declared', 'calendar.loaded', 'token.issued'])
      expect(types).toContain(type);
    // What is said of another change has no place there.
    const other = edited(files, 'entries.jsonl', (text) =>
      text.replace('"type":"freeze.declared"', '"type":"freeze.overridden"'),
    );
    expect((await checkPack(other, changeId, trusted, null)).results.entries).toBe('bad');
  });

  test('is not checked for signatures without keys, nor under those of others', async () => {
    expect((await check(files, null)).results).toMatchObject({
      inclusion: 'good',
      checkpoint: 'unchecked',
      cosignatures: 'unchecked',
    });
    const others = await readTrustedKeys(makeKeys().trusted);
    expect((await check(files, others)).results).toMatchObject({ checkpoint: 'bad', cosignatures: 'bad' });
  });

  test.each<[string, string, 'log' | 'witness', Partial<CheckedPack['results']>]>([
    ['the log’s, ended before', 'valid-before-index=36', 'log', { checkpoint: 'bad', cosignatures: 'good' }],
    ['the log’s, ended after', 'valid-before-index=37', 'log', { checkpoint: 'good' }],
    ['the log’s, ended later', 'valid-before=2026-11-24T12:00:01Z', 'log', { checkpoint: 'good' }],
    ['the log’s, ended earlier', 'valid-before=2026-11-24T12:00:00Z', 'log', { checkpoint: 'bad' }],
    [
      'the witness’s, ended earlier',
      'valid-before=2026-11-24T12:00:00Z',
      'witness',
      { checkpoint: 'good', cosignatures: 'bad' },
    ],
  ])('under a key that is trusted for a time: %s', async (_name, line, of, results) => {
    const others = { log: keys.witness, witness: keys.log }[of].publicKey;
    const text = `${others}\n${line}\n${keys[of].publicKey}\n`;
    expect((await check(files, await readTrustedKeys(text))).results).toMatchObject(results);
    // Named once more without a line, it is trusted no longer.
    const twice = await readTrustedKeys(`${text}${keys[of].publicKey}\n`);
    expect((await check(files, twice)).results).toMatchObject(results);
  });

  test.each<[string, string, (text: string) => string, Partial<CheckedPack['results']>]>([
    [
      'an edited entry',
      'entries.jsonl',
      (text) => text.replace('"change.closed"', '"change.closeD"'),
      { inclusion: 'bad' },
    ],
    [
      'an entry that is left out',
      'entries.jsonl',
      (text) => text.slice(text.indexOf('\n') + 1),
      { inclusion: 'bad', entries: 'bad' },
    ],
    ['no entry', 'entries.jsonl', () => '', { inclusion: 'bad', entries: 'bad' }],
    [
      'a blank in an entry',
      'entries.jsonl',
      (text) => text.replace('{', '{ '),
      { inclusion: 'bad', entries: 'bad' },
    ],
    [
      'another hash of a leaf',
      'leaves.jsonl',
      (text) => text.replace(/"leafHash":"./, '"leafHash":"x'),
      { inclusion: 'bad', entries: 'bad' },
    ],
    [
      'another place',
      'leaves.jsonl',
      (text) => text.replace(/"index":(\d+)/, (_, n) => `"index":${Number(n) + 1}`),
      { inclusion: 'bad' },
    ],
    ['another size', 'checkpoint', (text) => text.replace('\n37\n', '\n38\n'), { checkpoint: 'bad' }],
    [
      'no signature',
      'checkpoint',
      (text) => `${text.split('\n\n')[0]}\n\n— x AAAAAAA=\n`,
      { checkpoint: 'bad', cosignatures: 'bad' },
    ],
    ['no checkpoint', 'checkpoint', () => '', { inclusion: 'bad', checkpoint: 'bad' }],
  ])('%s is found', async (_name, path, edit, results) => {
    expect((await check(edited(files, path, edit))).results).toMatchObject(results);
  });

  test('of another change is found', async () => {
    const other = 'dbeb9408-3227-8498-b105-242bb7d87ee5';
    expect((await checkPack(files, other, trusted, null)).results.entries).toBe('bad');
  });

  test('continues what this browser has seen, or does not', async () => {
    const since = await filesOf(20);
    expect((await check(since, trusted, await rememberedAt(20))).results.consistency).toBe('good');
    expect((await check(files, trusted, await rememberedAt(37))).results.consistency).toBe('good');
    const forked = { size: 20, root: new Uint8Array(32) };
    expect((await check(since, trusted, forked)).results.consistency).toBe('bad');
    expect((await check(files, trusted, { ...forked, size: 37 })).results.consistency).toBe('bad');
    // A log that has become shorter.
    const short = await filesOf(null, 20);
    expect((await check(short, trusted, await rememberedAt(37))).results.consistency).toBe('bad');
    // Without the proof that was asked for.
    expect((await check(files, trusted, await rememberedAt(20))).results.consistency).toBe('unchecked');
  });

  test('that is none cannot be unpacked', async () => {
    const packed = await readFile(await exported(log, ofChange()));
    for (const bytes of [Buffer.from('no pack'), packed.subarray(0, packed.length / 2)]) {
      await expect(unpack(new Blob([bytes]))).rejects.toThrow(BadPack);
    }
  });
});

test('a file of trusted keys names the line that is no key', async () => {
  expect(trusted.logs).toHaveLength(1);
  expect(trusted.witnesses).toHaveLength(1);
  await expect(readTrustedKeys('# a comment\n\nno key\n')).rejects.toMatchObject({
    line: 3,
  } satisfies Partial<BadKeys>);
  for (const line of ['valid-until=2026-11-24T12:00:00Z', 'valid-before-index=4'])
    await expect(readTrustedKeys(line)).rejects.toThrow(BadKeys);
  // One whose name was changed has another id.
  await expect(readTrustedKeys(keys.trusted.replace('witness.test+', 'witness.tesT+'))).rejects.toThrow(
    BadKeys,
  );
});

test('proofs are verified as the log’s own verifier does it', async () => {
  const leaves = leavesOf(40);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 0, max: 3 }),
      async (to, a, b, flip) => {
        const [index, from] = [a % to, 1 + (b % to)];
        const rootOf = (size: number) => definedRoot(leaves.slice(0, size));
        const proof = await inclusionProof(index, to, readerOf(leaves));
        const isBroken = flip > 0 && proof.length > 0;
        if (isBroken) proof[flip % proof.length] = Buffer.alloc(32);
        const claim = { index, size: to, leaf: leaves[index] as Buffer, root: rootOf(to), proof };
        expect(await verifyInclusion(claim)).toBe(!isBroken);
        const consistency = await consistencyProof(from, to, readerOf(leaves));
        const isCut = flip > 1 && consistency.length > 0;
        if (isCut) consistency.pop();
        const whole = { from, to, fromRoot: rootOf(from), toRoot: rootOf(to), proof: consistency };
        expect(await verifyConsistency(whole)).toBe(!isCut);
      },
    ),
  );
  expect(hex(await leafHash(new Uint8Array(0)))).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  );
});
