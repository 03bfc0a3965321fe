import type { Freeze } from '../domain/freeze.ts';
import { decodeCursor, encodeCursor } from './change-cursor.ts';
import { freezeColumns, freezeOf } from './freeze-columns.ts';
import type { FreezeRow } from './freeze-columns.ts';
import type { Queryable } from './queryable.ts';

/**
 * A page of freezes, the last declared first, ended and lifted ones too.
 *
 * @param cursor - `nextCursor` of the page before, or null for the first
 * @param limit - most freezes of the page
 * @throws CountersignError `invalid_request` for a cursor that is none
 */
export async function listFreezes(
  db: Queryable,
  cursor: string | null,
  limit: number,
): Promise<{ readonly freezes: Freeze[]; readonly nextCursor: string | null }> {
  const place = cursor === null ? null : decodeCursor(cursor);
  const { rows } = await db.query<FreezeRow>(
    `select ${freezeColumns} from countersign.freeze
      where $1::timestamptz is null or (declared_at, id) < ($1, $2::uuid)
      order by declared_at desc, id desc limit $3`,
    [place?.submittedAt ?? null, place?.id ?? null, limit + 1],
  );
  const freezes = rows.slice(0, limit).map(freezeOf);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    freezes,
    nextCursor: last ? encodeCursor({ submittedAt: last.declaredAt.toISOString(), id: last.id }) : null,
  };
}
