import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/**
 * Keeps a state of a change, unless a state as new or newer is kept already: late and repeated deliveries do no harm. What
 * has ended is not opened again.
 *
 * @returns whether it was kept
 */
export async function saveChange(db: Queryable, change: Change): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'save-change',
    text: `insert into countersign.change as kept (id, version, document, submitted_at, closed_at)
     values ($1, $2, $3, $4, $5)
     on conflict (id) do update
       set version = excluded.version, document = excluded.document, closed_at = excluded.closed_at, saved_at = now()
       where kept.version < excluded.version and (kept.closed_at is null or excluded.closed_at is not null)`,
    values: [change.id, change.version, JSON.stringify(change), change.submittedAt, change.closedAt],
  });
  return rowCount === 1;
}
