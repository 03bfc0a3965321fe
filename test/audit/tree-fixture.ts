import { makeFrontier } from '../../audit/frontier.ts';
import { formatCheckpoint } from '../../audit/checkpoint.ts';
import { consistencyProof, leafHash, nodeHash, rootOf } from '../../audit/merkle.ts';
import type { HashReader } from '../../audit/merkle.ts';
import { generateNoteKey, readNoteSigner, readNoteVerifier } from '../../audit/note-key.ts';
import type { NoteAlgorithm } from '../../audit/note-key.ts';
import { signNote } from '../../audit/note.ts';
import { formatWitnessRequest } from '../../audit/witness-request.ts';

/** A new key, ready to sign and to check. */
export function keyPair(name: string, algorithm: NoteAlgorithm = 'ed25519') {
  const { privateKey, publicKey } = generateNoteKey(name, algorithm);
  return { privateKey, publicKey, signer: readNoteSigner(privateKey), verifier: readNoteVerifier(publicKey) };
}

/** A log in memory under a key: its checkpoints, and what it would send a witness. `leaves` make it grow. */
export function memoryLog(name: string, key = keyPair(name)) {
  const leaves: Buffer[] = [];
  const read: HashReader = (nodes) =>
    Promise.resolve(nodes.map(({ level, index }) => subtree(index * 2 ** level, (index + 1) * 2 ** level)));
  const subtree = (start: number, end: number): Buffer => {
    if (end - start === 1) return leaves[start] ?? Buffer.alloc(32);
    const middle = (start + end) / 2;
    return nodeHash(subtree(start, middle), subtree(middle, end));
  };
  return {
    key,
    grow(...entries: string[]): void {
      for (const entry of entries) leaves.push(leafHash(Buffer.from(entry)));
    },
    read,
    size: () => leaves.length,
    async checkpoint(size = leaves.length, signers = [key.signer]): Promise<string> {
      return signNote(formatCheckpoint({ origin: name, size, root: await rootOf(size, read) }), signers);
    },
    async request(oldSize: number, size = leaves.length): Promise<string> {
      return formatWitnessRequest({
        oldSize,
        proof: await consistencyProof(oldSize, size, read),
        checkpoint: await this.checkpoint(size),
      });
    },
    root: () => {
      const frontier = makeFrontier();
      for (const leaf of leaves) frontier.append(leaf);
      return frontier.root();
    },
  };
}
