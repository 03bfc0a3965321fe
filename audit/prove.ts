import { CountersignError } from '../domain/error.ts';
import type { Queryable } from '../store/queryable.ts';
import type { StoredCheckpoint } from './checkpoints.ts';
import { asLogError } from './log-error.ts';
import { consistencyProof, inclusionProof, leafHash, verifyConsistency, verifyInclusion } from './merkle.ts';
import type { TlogProof } from './tlog-proof.ts';
import { makeTreeReader } from './tree-reader.ts';

/**
 * Proves that an entry is in the log under a checkpoint: at the checkpoint's size, however much the log has grown since.
 * What it answers it has verified.
 *
 * @param checkpoint - a published one; the entry must be below its size
 * @throws CountersignError `not_found` when the checkpoint does not reach the entry; `bad_proof` when the entry is not there, or its bytes
 * or the tree do not lead to the checkpoint's root: somebody has rewritten them; `integrity_conflict` when a part of the
 * tree is missing; `log_unavailable`
 */
export async function proveEntry(
  db: Queryable,
  index: number,
  checkpoint: Pick<StoredCheckpoint, 'size' | 'root' | 'note'>,
): Promise<TlogProof> {
  const { size, root, note } = checkpoint;
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw new CountersignError('not_found', `entry ${index}: the checkpoint is of size ${size}`);
  }
  const leaf = await leafAt(db, index, size);
  const proof = await inclusionProof(index, size, makeTreeReader(db));
  if (!verifyInclusion({ index, size, leaf, root, proof })) {
    throw new CountersignError(
      'bad_proof',
      `entry ${index} cannot be proved: its bytes, or the tree above it, are no longer what was signed in the checkpoint of size ${size}; somebody has altered the log`,
    );
  }
  return { index, proof, checkpoint: note };
}

/**
 * Proves that a checkpoint continues an earlier one. What it answers it has verified.
 *
 * @param from - the earlier one, as somebody trusts it
 * @param to - a published one
 * @throws CountersignError `bad_proof` when it is no continuation: the log was rewritten, or `from` is larger;
 * `integrity_conflict` when a part of the tree is missing; `log_unavailable`
 */
export async function proveConsistency(
  db: Queryable,
  from: Pick<StoredCheckpoint, 'size' | 'root'>,
  to: Pick<StoredCheckpoint, 'size' | 'root'>,
): Promise<Buffer[]> {
  const proof = from.size > to.size ? [] : await consistencyProof(from.size, to.size, makeTreeReader(db));
  const claim = { from: from.size, to: to.size, fromRoot: from.root, toRoot: to.root, proof };
  if (!verifyConsistency(claim)) {
    throw new CountersignError(
      'bad_proof',
      `the tree of size ${to.size} does not continue that of ${from.size}`,
    );
  }
  return proof;
}

async function leafAt(db: Queryable, index: number, size: number): Promise<Buffer> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>(
      'select e.bytes from audit.leaf l join audit.entry e on e.id = l.entry_id where l.index = $1',
      [index],
    );
    if (rows[0] === undefined) {
      throw new CountersignError(
        'bad_proof',
        `entry ${index} cannot be proved: the checkpoint of size ${size} has it, and it is no longer there; somebody has removed it`,
      );
    }
    return leafHash(rows[0].bytes);
  } catch (error) {
    throw asLogError(error);
  }
}
