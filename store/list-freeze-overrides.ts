import type { FreezeOverride } from '../domain/freeze.ts';
import type { Queryable } from './queryable.ts';

/** Every override of a change, of whichever freeze and digest. */
export async function listFreezeOverrides(db: Queryable, changeId: string): Promise<FreezeOverride[]> {
  const { rows } = await db.query<Omit<FreezeOverride, 'at'> & { at: Date }>(
    `select freeze_id as "freezeId", change_id as "changeId", digest, overridden_by as "by", overridden_at as "at"
       from countersign.freeze_override where change_id = $1 order by overridden_at`,
    [changeId],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
