import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/**
 * Changes that are not closed and of which nothing new was kept since `olderThan` (ISO 8601), longest silent first: for
 * a reconciler that asks whether their workflows still run.
 *
 * @param limit - most changes; default 100
 */
export async function listOpenChanges(db: Queryable, olderThan: string, limit = 100): Promise<Change[]> {
  const { rows } = await db.query<{ document: Change }>(
    `select document from countersign.change
      where closed_at is null and saved_at < $1 order by saved_at, id limit $2`,
    [olderThan, limit],
  );
  return rows.map((row) => row.document);
}
