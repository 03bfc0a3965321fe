import type { Queryable } from './queryable.ts';

/**
 * Gives back the target of a change, and the tickets that it has taken, in the transaction that appends its `change.closed`.
 *
 * @returns false when it had no target any more
 */
export async function releaseTarget(db: Queryable, changeId: string): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'release-target',
    text: `with tickets as (delete from countersign.open_ticket where change_id = $1)
     delete from countersign.open_target where change_id = $1`,
    values: [changeId],
  });
  return rowCount === 1;
}
