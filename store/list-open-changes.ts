import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';
import { storedChange, storedColumns } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/** A place among the open changes, by when something of them was kept last. */
export interface OpenChangePlace {
  /** A time as Postgres writes it, to the microsecond. */
  readonly savedAt: string;
  readonly id: string;
}

/**
 * Changes that are not closed and of which nothing new was kept since `olderThan` (ISO 8601), longest silent first: for
 * a reconciler that asks whether their workflows still run.
 *
 * @param after - those behind this place; null from the first on
 * @param limit - most changes; default 100
 * @returns `next`: where to go on, or null at the end
 */
export async function listOpenChanges(
  db: Queryable,
  olderThan: string,
  after: OpenChangePlace | null = null,
  limit = 100,
): Promise<{ readonly changes: Change[]; readonly next: OpenChangePlace | null }> {
  const { rows } = await db.query<StoredChange & { savedAt: string }>(
    `select ${storedColumns}, saved_at::text as "savedAt" from countersign.change
      where closed_at is null and saved_at < $1 and ($3::timestamptz is null or (saved_at, id) > ($3, $4::uuid))
      order by saved_at, id limit $2`,
    [olderThan, limit, after?.savedAt ?? null, after?.id ?? null],
  );
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return {
    changes: rows.map(storedChange),
    next: last === undefined ? null : { savedAt: last.savedAt, id: last.id },
  };
}
