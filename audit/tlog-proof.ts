import { CountersignError } from '../domain/error.ts';
import { fromBase64 } from './base64.ts';
import { openCheckpoint } from './checkpoint.ts';
import type { OpenedCheckpoint } from './checkpoint.ts';
import { hashBytes, verifyInclusion } from './merkle.ts';
import type { NoteVerifier } from './note-key.ts';

/** That an entry is in a log, as something to keep: C2SP tlog-proof. */
export interface TlogProof {
  /** The entry's place in the log, from 0. */
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly proof: readonly Buffer[];
  /** The signed note, as the log published it. */
  readonly checkpoint: string;
  /** Whatever else is carried along; nothing vouches for it. */
  readonly extra?: Uint8Array | undefined;
}

const header = 'c2sp.org/tlog-proof@v1';

/** The proof as text, for a file `*.tlog-proof`. */
export function formatProof({ index, proof, checkpoint, extra }: TlogProof): string {
  const lines = [
    header,
    ...(extra === undefined ? [] : [`extra ${Buffer.from(extra).toString('base64')}`]),
    `index ${index}`,
    ...proof.map((hash) => hash.toString('base64')),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Reads a proof's text; nothing of it is verified.
 * @throws CountersignError `malformed_evidence`
 */
export function parseProof(text: string): TlogProof {
  const end = text.indexOf('\n\n');
  if (end < 0) malformed('a proof, an empty line and a checkpoint');
  const lines = text.slice(0, end).split('\n');
  if (lines.shift() !== header) malformed(`${header} in the first line`);
  const extra = lines[0]?.startsWith('extra ')
    ? fromBase64(lines.shift()?.slice('extra '.length) ?? '')
    : undefined;
  if (extra === null) malformed('extra data in base64');
  const [, indexText = ''] = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? '') ?? [];
  const index = Number(indexText);
  if (indexText === '' || !Number.isSafeInteger(index)) malformed('a line "index <number>"');
  // A path is no longer than a tree is high.
  if (lines.length > 63) malformed('at most 63 hashes');
  const proof = lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== hashBytes) malformed(`hashes of ${hashBytes} bytes in base64`);
    return hash;
  });
  return { index, proof, checkpoint: text.slice(end + 2), extra };
}

/**
 * Verifies that a proof's entry is in the log: the checkpoint's signatures, its origin and the path to its root.
 *
 * @param leaf - the entry's leaf hash, which the caller makes from the entry's bytes
 * @returns the checkpoint that the entry is under
 * @throws CountersignError `bad_signature`, `bad_proof` when the path does not lead to the root, `malformed_evidence`
 */
export function verifyProof(
  { index, proof, checkpoint }: TlogProof,
  leaf: Uint8Array,
  keys: { readonly log: NoteVerifier; readonly witnesses?: readonly NoteVerifier[] },
): OpenedCheckpoint {
  const opened = openCheckpoint(checkpoint, keys);
  const { size, root } = opened;
  if (!verifyInclusion({ index, size, leaf, root, proof })) {
    throw new CountersignError(
      'bad_proof',
      `entry ${index}: its proof does not lead to the root at size ${size}`,
    );
  }
  return opened;
}

function malformed(expected: string): never {
  throw new CountersignError('malformed_evidence', `tlog-proof: expected ${expected}`);
}
