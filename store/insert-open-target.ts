import type { Queryable } from './queryable.ts';

/**
 * Takes a target for a change, whatever its operation, until {@link ./release-target.ts} gives it back. Waits for a concurrent transaction that
 * is taking or releasing the same target.
 *
 * @returns false when a change has the target, whichever
 */
export async function insertOpenTarget(
  db: Queryable,
  open: { readonly targetId: string; readonly changeId: string },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert-open-target',
    text: `insert into countersign.open_target (target, change_id)
     values ($1, $2)
     on conflict (target) do nothing`,
    values: [open.targetId, open.changeId],
  });
  return rowCount === 1;
}
