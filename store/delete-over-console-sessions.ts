import type { Queryable } from './queryable.ts';

/** Drops the sessions that are over. Times in ISO 8601. @returns how many there were */
export async function deleteOverConsoleSessions(
  db: Queryable,
  { now, idleSince }: { readonly now: string; readonly idleSince: string },
): Promise<number> {
  const { rowCount } = await db.query('delete from console.session where ends_at <= $1 or used_at <= $2', [
    now,
    idleSince,
  ]);
  return rowCount ?? 0;
}
