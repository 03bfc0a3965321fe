import type { Queryable } from './queryable.ts';

/** How many sessions of the console there are. */
export async function countConsoleSessions(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ count: number }>('select count(*)::int as count from console.session');
  return rows[0]?.count ?? 0;
}
