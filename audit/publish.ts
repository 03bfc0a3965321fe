import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * Publishes a signed checkpoint; whoever listens to `countersign_sealed` gets its size. Only the signer's role may. The
 * database refuses one beyond the log's end, behind the last checkpoint, or with another root than one of the same size.
 *
 * @param checkpoint - `note`: the signed note, whose size and root these are
 * @returns false when it was published before
 * @throws CountersignError `integrity_conflict` for a refused one, which no retry mends; `log_unavailable`;
 * `invalid_configuration` for another role
 */
export async function publishCheckpoint(
  db: Queryable,
  checkpoint: { readonly size: number; readonly root: Buffer; readonly note: string },
): Promise<boolean> {
  const { size, root, note } = checkpoint;
  try {
    const { rows } = await db.query<{ published: boolean }>({
      name: 'publish-checkpoint',
      text: 'select audit.publish($1, $2, $3) as published',
      values: [size, root, note],
    });
    return rows[0]?.published === true;
  } catch (error) {
    throw asLogError(error);
  }
}

/**
 * Keeps a witness's cosignature of a published checkpoint. Only the signer's role may.
 *
 * @param cosignature - `line`: the signature line without its newline; `cosignedAt`: the time that it has signed
 * @returns false when it was there before
 * @throws CountersignError `integrity_conflict` for a line of another witness; `log_unavailable`; `invalid_configuration`
 * for another role; errors of Postgres as they are, such as for a size that was never published
 */
export async function publishCosignature(
  db: Queryable,
  cosignature: {
    readonly size: number;
    readonly witness: string;
    readonly cosignedAt: Date;
    readonly line: string;
  },
): Promise<boolean> {
  const { size, witness, cosignedAt, line } = cosignature;
  try {
    const { rows } = await db.query<{ kept: boolean }>({
      name: 'publish-cosignature',
      text: 'select audit.cosign($1, $2, $3, $4) as kept',
      values: [size, witness, cosignedAt, line],
    });
    return rows[0]?.kept === true;
  } catch (error) {
    throw asLogError(error);
  }
}
