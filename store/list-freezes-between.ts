import type { Freeze } from '../domain/freeze.ts';
import { freezeColumns, freezeOf } from './freeze-columns.ts';
import type { FreezeRow } from './freeze-columns.ts';
import type { Queryable } from './queryable.ts';

/**
 * The freezes that hold, or held, at some moment of a time, by their beginning; lifted ones and ended ones too. A few that were
 * declared or lifted too late for it may be among them, see `timeOfFreeze` of domain/freeze.ts.
 *
 * @param from - ISO 8601; included
 * @param to - ISO 8601; excluded
 */
export async function listFreezesBetween(
  db: Queryable,
  from: string,
  to: string,
  limit: number,
): Promise<Freeze[]> {
  const { rows } = await db.query<FreezeRow>(
    `select ${freezeColumns} from countersign.freeze
      where least(coalesce(ends_at, 'infinity'), coalesce(lifted_at, 'infinity')) > $1::timestamptz
        and starts_at < $2::timestamptz
      order by starts_at, id limit $3`,
    [from, to, limit],
  );
  return rows.map(freezeOf);
}
