import type { Queryable } from './queryable.ts';

/**
 * Drops deliveries that are older than every replay window: a repeat of one is refused for its age.
 *
 * @param before - ISO 8601
 * @returns how many there were
 */
export async function deleteOldInbound(db: Queryable, before: string): Promise<number> {
  const { rowCount } = await db.query('delete from countersign.inbound where received_at < $1', [before]);
  return rowCount ?? 0;
}
