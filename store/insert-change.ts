import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/**
 * Inserts a change that is not there yet.
 *
 * @returns false when a change of this id is there; it is left as it is
 */
export async function insertChange(db: Queryable, change: Change): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'insert-change',
    text: `insert into countersign.change (id, version, document, submitted_at, closed_at)
     values ($1, $2, $3, $4, $5)
     on conflict (id) do nothing`,
    values: [change.id, change.version, JSON.stringify(change), change.submittedAt, change.closedAt],
  });
  return rowCount === 1;
}
