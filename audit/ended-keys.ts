import { rotationsIn } from '../domain/key-rotation.ts';
import type { KeyUse, SignedRotation } from '../domain/key-rotation.ts';
import type { Queryable } from '../store/queryable.ts';
import { latestCheckpoint } from './checkpoints.ts';
import { isCrossSigned } from './key-rotation.ts';
import { asLogError } from './log-error.ts';
import { rotationTypes } from '../domain/context-entry.ts';
import { bodyOf } from './read-body.ts';

/** A key that another one follows, by an entry that both have signed and that a checkpoint covers. */
export interface EndedKey {
  readonly rotation: SignedRotation['rotation'];
  /** The first entry that the old key is no longer trusted for. */
  readonly beforeIndex: number;
}

/**
 * The keys of a use that have ended by the log.
 * @throws CountersignError `log_unavailable`
 */
export async function endedKeys(db: Queryable, use: KeyUse): Promise<EndedKey[]> {
  const size = (await latestCheckpoint(db))?.size ?? 0;
  try {
    const { rows } = await db.query<{ index: string; bytes: Buffer }>(
      `select l.index, e.bytes
         from audit.entry e join audit.leaf l on l.entry_id = e.id
        where e.type = any($1) and l.index < $2
        order by l.index`,
      [rotationTypes, size],
    );
    return rows.flatMap(({ index, bytes }) => {
      const body = bodyOf(bytes);
      const signed = body['ends'] === true ? rotationsIn(body) : [];
      return signed
        .filter((one) => one.rotation.use === use && isCrossSigned(one))
        .map(({ rotation }) => ({ rotation, beforeIndex: Number(index) }));
    });
  } catch (error) {
    throw asLogError(error);
  }
}
