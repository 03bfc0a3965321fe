import type { Queryable } from '../../store/queryable.ts';

/** Notes that deliveries were handled, and drops what opened a form. @param at - ISO 8601 */
export async function endInbound(db: Queryable, ids: readonly string[], at: string): Promise<void> {
  await db.query(
    `update countersign.inbound set handled_at = $2, click = null
      where id = any($1::bigint[]) and handled_at is null`,
    [ids, at],
  );
}
