import type { Queryable } from './queryable.ts';

/** The id of the open change on a target, or null when there is none. */
export async function getOpenChange(
  db: Queryable,
  operation: string,
  target: string,
): Promise<string | null> {
  const { rows } = await db.query<{ changeId: string }>({
    name: 'get-open-change',
    text: `select change_id as "changeId" from countersign.open_target where operation = $1 and target = $2`,
    values: [operation, target],
  });
  return rows[0]?.changeId ?? null;
}
