import type { Queryable } from './queryable.ts';

/** Lets somebody submit a break-glass change again: theirs has ended without a call, or its review is signed. */
export async function releaseBreakGlass(db: Queryable, changeId: string): Promise<void> {
  await db.query('delete from countersign.break_glass where change_id = $1', [changeId]);
}
