import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeFrontier } from '../../audit/frontier.ts';
import {
  consistencyProof,
  emptyRoot,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from '../../audit/merkle.ts';
import type { HashReader } from '../../audit/merkle.ts';
import { definedRoot, leavesOf, readerOf } from './memory-tree.ts';

const most = 64;
const leaves = leavesOf(most);
const read = readerOf(leaves);
const roots = Array.from({ length: most + 1 }, (_, size) =>
  size === 0 ? emptyRoot : definedRoot(leaves.slice(0, size)),
);
const rootAt = (size: number): Buffer => roots[size] as Buffer;
const leafAt = (index: number): Buffer => leaves[index] as Buffer;

// The vectors of Certificate Transparency's own tests.
test('roots are those of RFC 6962', async () => {
  const inputs = [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ];
  const hashes = inputs.map((hex) => leafHash(Buffer.from(hex, 'hex')));
  const found = await Promise.all(
    [0, 1, 2, 3, 4, 5, 6, 7, 8].map(async (size) => (await rootOf(size, readerOf(hashes))).toString('hex')),
  );
  expect(found).toEqual([
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ]);
});

test(`roots of 0 to ${most} leaves are as defined, read from subtrees and grown leaf by leaf`, async () => {
  let frontier = makeFrontier();
  for (let size = 0; size <= most; size++) {
    expect(await rootOf(size, read)).toEqual(rootAt(size));
    expect(frontier.root()).toEqual(rootAt(size));
    expect(frontier.size).toBe(size);
    // As one that was saved and comes back.
    frontier = makeFrontier(
      JSON.parse(JSON.stringify(frontier.state())) as ReturnType<typeof frontier.state>,
    );
    if (size < most) frontier.append(leafAt(size));
  }
});

test.each([
  { size: 1, hashes: [] },
  { size: 2, hashes: ['AA=='] },
  { size: -1, hashes: [] },
  { size: 1.5, hashes: [] },
  { size: 4, hashes: Array<string>(2).fill(emptyRoot.toString('base64')) },
])('no tree has the state %j', (state) => {
  expect(() => makeFrontier(state)).toThrow(expect.objectContaining({ code: 'malformed_evidence' }));
});

describe('inclusion', () => {
  test(`every leaf of every tree of 1 to ${most} is proven, and nothing else with its proof`, async () => {
    for (let size = 1; size <= most; size++) {
      for (let index = 0; index < size; index++) {
        const proof = await inclusionProof(index, size, read);
        const claim = { index, size, leaf: leafAt(index), root: rootAt(size), proof };
        expect(verifyInclusion(claim)).toBe(true);
        const wrong = [
          { ...claim, leaf: leafAt((index + 1) % most) },
          { ...claim, root: rootAt(size - 1) },
          { ...claim, index: index + size },
          { ...claim, proof: [...proof, leafAt(0)] },
          { ...claim, proof: [leafAt(0), ...proof] },
          ...proof.map((_, n) => ({ ...claim, proof: proof.toSpliced(n, 1) })),
          ...proof.map((hash, n) => ({ ...claim, proof: proof.with(n, flipped(hash)) })),
          ...(index > 0 ? [{ ...claim, index: index - 1 }] : []),
        ];
        expect(wrong.filter(verifyInclusion)).toEqual([]);
      }
    }
  });

  test('a proof made for another size of the tree does not lead to this one’s root', async () => {
    for (let size = 2; size <= most; size++) {
      for (const other of [1, 7, 33, most].filter((n) => n !== size)) {
        const index = Math.min(size, other) - 1;
        const proof = await inclusionProof(index, other, read);
        const claim = { index, leaf: leafAt(index), proof };
        expect(verifyInclusion({ ...claim, size, root: rootAt(size) })).toBe(false);
      }
    }
  });

  test.each([
    { index: -1, size: 8 },
    { index: 8, size: 8 },
    { index: 0, size: 0 },
    { index: 0.5, size: 8 },
    { index: 0, size: Number.NaN },
    { index: 0, size: 2 ** 53 },
  ])('there is no leaf $index among $size', async ({ index, size }) => {
    await expect(inclusionProof(index, size, read)).rejects.toThrow(RangeError);
    expect(verifyInclusion({ index, size, leaf: leafAt(0), root: rootAt(8), proof: [] })).toBe(false);
  });

  test('hashes of a wrong length are no proof', () => {
    const claim = { index: 0, size: 1, leaf: leafAt(0), root: leafAt(0), proof: [] };
    expect(verifyInclusion(claim)).toBe(true);
    expect(verifyInclusion({ ...claim, leaf: Buffer.alloc(0), root: Buffer.alloc(0) })).toBe(false);
    expect(verifyInclusion({ ...claim, size: 2, proof: [Buffer.alloc(31)] })).toBe(false);
  });

  test('sizes beyond 32 bits', async () => {
    // A tree whose leaves are all the same: each level has one hash.
    const levels = [leafAt(0)];
    for (let n = 0; n < 52; n++) levels.push(definedRoot([levels[n] as Buffer, levels[n] as Buffer]));
    const big: HashReader = (nodes) => Promise.resolve(nodes.map(({ level }) => levels[level] as Buffer));
    for (const size of [2 ** 31, 2 ** 32 + 1, 2 ** 40 - 1, 2 ** 52 + 12345]) {
      const root = await rootOf(size, big);
      for (const index of [0, 2 ** 31 - 1, size - 1]) {
        const proof = await inclusionProof(index, size, big);
        expect(verifyInclusion({ index, size, leaf: leafAt(0), root, proof })).toBe(true);
      }
      for (const from of [1, 2 ** 31, size - 1]) {
        const proof = await consistencyProof(from, size, big);
        expect(
          verifyConsistency({ from, to: size, fromRoot: await rootOf(from, big), toRoot: root, proof }),
        ).toBe(true);
      }
    }
  });
});

describe('consistency', () => {
  test(`every pair of sizes up to ${most} is proven, and nothing else with its proof`, async () => {
    for (let to = 0; to <= most; to++) {
      for (let from = 0; from <= to; from++) {
        const proof = await consistencyProof(from, to, read);
        const claim = { from, to, fromRoot: rootAt(from), toRoot: rootAt(to), proof };
        expect(verifyConsistency(claim)).toBe(true);
        const wrong = [
          { ...claim, fromRoot: flipped(rootAt(from)) },
          // Whatever it is, it continues the empty tree.
          ...(from === 0 ? [] : [{ ...claim, toRoot: flipped(rootAt(to)) }]),
          { ...claim, proof: [...proof, leafAt(0)] },
          { ...claim, proof: [leafAt(0), ...proof] },
          { ...claim, from: from + 1 },
          { ...claim, from: from - 1 },
          ...(from === to ? [] : [{ ...claim, from: to, to: from }]),
          ...proof.map((_, n) => ({ ...claim, proof: proof.toSpliced(n, 1) })),
          ...proof.map((hash, n) => ({ ...claim, proof: proof.with(n, flipped(hash)) })),
        ];
        expect(wrong.filter(verifyConsistency)).toEqual([]);
      }
    }
  });

  test('a tree with one leaf rewritten is no continuation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: most }), fc.nat(), fc.nat(), async (to, a, b) => {
        const from = 1 + (a % to);
        const rewritten = leaves.slice(0, to).with(b % from, leafHash(Buffer.from('forged')));
        const proof = await consistencyProof(from, to, readerOf(rewritten));
        expect(
          verifyConsistency({ from, to, fromRoot: rootAt(from), toRoot: definedRoot(rewritten), proof }),
        ).toBe(false);
      }),
    );
  });

  test('a larger tree has no proof towards a smaller one', async () => {
    await expect(consistencyProof(5, 4, read)).rejects.toThrow(RangeError);
  });
});

test('no arbitrary hashes make a proof', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.nat(most), fc.nat(most), fc.array(hash, { maxLength: 8 }), (a, b, proof) => {
      const [from, to] = a < b ? [a, b] : [b, a];
      const leaf = leafHash(Buffer.from('forged'));
      expect(verifyInclusion({ index: from, size: to, leaf, root: rootAt(to), proof })).toBe(false);
      fc.pre(from !== to && from !== 0);
      expect(verifyConsistency({ from, to, fromRoot: leaf, toRoot: rootAt(to), proof })).toBe(false);
    }),
  );
});

function flipped(hash: Buffer): Buffer {
  const other = Buffer.from(hash);
  other.writeUInt8(other.readUInt8(7) ^ 1, 7);
  return other;
}
