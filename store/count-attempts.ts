import type { Queryable } from './queryable.ts';

/** How many attempts of a change ended in a class, such as `doubtful`. */
export async function countAttempts(db: Queryable, changeId: string, faultClass: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'select count(*)::int as n from countersign.attempt where change_id = $1 and class = $2',
    [changeId, faultClass],
  );
  return rows[0]?.n ?? 0;
}
