import type { FreezeOverride } from '../domain/freeze.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps that a change may run in a freeze. Waits for a concurrent transaction that keeps the same.
 *
 * @returns false when somebody has let it run there already, under this digest
 */
export async function insertFreezeOverride(db: Queryable, override: FreezeOverride): Promise<boolean> {
  const { rowCount } = await db.query(
    `insert into countersign.freeze_override (freeze_id, change_id, digest, overridden_by, overridden_at)
     values ($1, $2, $3, $4, $5)
     on conflict do nothing`,
    [override.freezeId, override.changeId, override.digest, override.by, override.at],
  );
  return rowCount === 1;
}
