import type { Named } from '../domain/freeze.ts';
import type { Queryable } from './queryable.ts';

/**
 * Ends a freeze (a UUID) before its time. Waits for a concurrent transaction that does.
 *
 * @param at - ISO 8601
 * @returns false when there is none of this id, or it was lifted before
 */
export async function liftFreeze(db: Queryable, id: string, by: Named, at: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.freeze set lifted_by = $2, lifted_at = $3 where id = $1 and lifted_at is null`,
    [id, by, at],
  );
  return rowCount === 1;
}
