import { describe, expect, test } from 'vitest';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../audit/checkpoint.ts';
import { inclusionProof, rootOf } from '../../audit/merkle.ts';
import { signNote } from '../../audit/note.ts';
import { generateNoteKey, readNoteSigner, readNoteVerifier } from '../../audit/note-key.ts';
import type { TlogProof } from '../../audit/tlog-proof.ts';
import { formatProof, parseProof, verifyProof } from '../../audit/tlog-proof.ts';
import { leavesOf, readerOf } from './memory-tree.ts';

const origin = 'example.com/countersign';
const logSigner = readNoteSigner(generateNoteKey(origin).privateKey);
const log = readNoteVerifier(logSigner.publicKey);
const witnessSigner = readNoteSigner(generateNoteKey('w.example.com', 'cosignature/v1').privateKey);
const witness = readNoteVerifier(witnessSigner.publicKey);

const leaves = leavesOf(11);
const read = readerOf(leaves);
const root = await rootOf(11, read);
const text = formatCheckpoint({ origin, size: 11, root });
const note = signNote(text, [logSigner]);

const refuses = (code: string): Error => expect.objectContaining({ code }) as Error;

describe('a checkpoint', () => {
  test('has the form of the specification', () => {
    const example = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
    const parsed = parseCheckpoint(example);
    expect(parsed).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20852163 });
    expect(formatCheckpoint(parsed)).toBe(example);
    expect(parseCheckpoint(`${example}an extension\n`)).toEqual(parsed);
    expect(parseCheckpoint(text)).toEqual({ origin, size: 11, root });
  });

  const hash = root.toString('base64');
  test.each([
    `${origin}\n11\n`,
    `${origin}\n11\n${hash}`,
    `\n11\n${hash}\n`,
    `${origin}\n011\n${hash}\n`,
    `${origin}\n-1\n${hash}\n`,
    `${origin}\n+1\n${hash}\n`,
    `${origin}\n1e3\n${hash}\n`,
    `${origin}\n 11\n${hash}\n`,
    `${origin}\n99999999999999999\n${hash}\n`,
    `${origin}\n11\n${hash.slice(0, -1)}\n`,
    `${origin}\n11\n${hash.slice(4)}\n`,
    `${origin}\n11\n${hash}\n\nmore\n`,
  ])('is not %j', (bad) => {
    expect(() => parseCheckpoint(bad)).toThrow(refuses('malformed_evidence'));
  });

  test.each([
    { origin: '', size: 1, root },
    { origin: 'a\nb', size: 1, root },
    { origin, size: -1, root },
    { origin, size: 1, root: root.subarray(1) },
  ])('is not made of %j', (bad) => {
    expect(() => formatCheckpoint(bad)).toThrow(refuses('malformed_evidence'));
  });

  test('is opened with the log’s key, and says who cosigned it and when', () => {
    const cosigned = signNote(text, [logSigner, witnessSigner], 1_764_000_000_000);
    expect(openCheckpoint(cosigned, { log, witnesses: [witness] })).toMatchObject({
      size: 11,
      root,
      signatures: [{ name: origin }, { name: 'w.example.com' }],
      cosignatures: [{ name: 'w.example.com', time: 1_764_000_000 }],
    });
    expect(openCheckpoint(cosigned, { log }).cosignatures).toEqual([]);
  });

  test('is refused with the witness’s signature alone, or of another log', () => {
    const witnessed = signNote(text, [witnessSigner]);
    expect(() => openCheckpoint(witnessed, { log, witnesses: [witness] })).toThrow(refuses('bad_signature'));
    const others = signNote(formatCheckpoint({ origin: 'example.com/other', size: 11, root }), [logSigner]);
    expect(() => openCheckpoint(others, { log })).toThrow(refuses('bad_signature'));
    expect(() => openCheckpoint(note.replace('\n11\n', '\n12\n'), { log })).toThrow(refuses('bad_signature'));
  });
});

describe('a tlog-proof', () => {
  const proofOf = async (index: number, size = 11): Promise<TlogProof> => ({
    index,
    proof: await inclusionProof(index, size, read),
    checkpoint: note,
  });

  test('goes to text and back, and verifies', async () => {
    for (let index = 0; index < 11; index++) {
      const proof = await proofOf(index);
      expect(parseProof(formatProof(proof))).toEqual(proof);
      expect(verifyProof(proof, leaves[index] as Buffer, { log })).toMatchObject({ size: 11, root });
    }
    const withExtra = { ...(await proofOf(3)), extra: Buffer.from('more') };
    expect(formatProof(withExtra).split('\n').slice(0, 3)).toEqual([
      'c2sp.org/tlog-proof@v1',
      'extra bW9yZQ==',
      'index 3',
    ]);
    expect(parseProof(formatProof(withExtra))).toEqual(withExtra);
  });

  test('of one leaf has no hashes', () => {
    const single = signNote(formatCheckpoint({ origin, size: 1, root: leaves[0] as Buffer }), [logSigner]);
    const proof = { index: 0, proof: [], checkpoint: single };
    expect(parseProof(formatProof(proof))).toEqual(proof);
    expect(verifyProof(proof, leaves[0] as Buffer, { log })).toMatchObject({ size: 1 });
  });

  test('of another leaf, index or size, or under an unsigned checkpoint, is refused', async () => {
    const proof = await proofOf(5);
    const leaf = leaves[5] as Buffer;
    expect(() => verifyProof(proof, leaves[6] as Buffer, { log })).toThrow(refuses('bad_proof'));
    expect(() => verifyProof({ ...proof, index: 6 }, leaf, { log })).toThrow(refuses('bad_proof'));
    expect(() => verifyProof({ ...proof, index: 11 }, leaf, { log })).toThrow(refuses('bad_proof'));
    // Right about the tree, but not at the checkpoint's size.
    const early = await proofOf(5, 9);
    expect(() => verifyProof(early, leaf, { log })).toThrow(refuses('bad_proof'));
    const stranger = readNoteVerifier(generateNoteKey(origin).publicKey);
    expect(() => verifyProof(proof, leaf, { log: stranger })).toThrow(refuses('bad_signature'));
  });

  test('has one spelling', async () => {
    const good = formatProof(await proofOf(5));
    for (const bad of [
      '',
      good.replace('@v1', '@v2'),
      good.replace('index 5', 'index 05'),
      good.replace('index 5', 'index -5'),
      good.replace('index 5', 'index 5 '),
      good.replace('index 5', 'place 5'),
      good.replace('index 5', 'index 99999999999999999'),
      good.replace('index 5', 'extra *\nindex 5'),
      good.replace('index 5', 'index 5\nAA=='),
      good.replace('index 5', 'index 5\r'),
      good.replace('index 5', `index 5${`\n${root.toString('base64')}`.repeat(64)}`),
    ]) {
      expect(() => parseProof(bad)).toThrow(refuses('malformed_evidence'));
    }
  });
});
