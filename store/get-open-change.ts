import type { Queryable } from './queryable.ts';

/** The id of the open change on a target, whatever its operation, or null when there is none. */
export async function getOpenChange(db: Queryable, targetId: string): Promise<string | null> {
  const { rows } = await db.query<{ changeId: string }>({
    name: 'get-open-change',
    text: `select change_id as "changeId" from countersign.open_target where target = $1`,
    values: [targetId],
  });
  return rows[0]?.changeId ?? null;
}
