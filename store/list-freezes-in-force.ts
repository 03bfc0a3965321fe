import type { Freeze } from '../domain/freeze.ts';
import { freezeColumns, freezeOf } from './freeze-columns.ts';
import type { FreezeRow } from './freeze-columns.ts';
import type { Queryable } from './queryable.ts';

/** The freezes in force at a moment (ISO 8601), whatever they hold; see `inForce` of domain/freeze.ts. */
export async function listFreezesInForce(db: Queryable, at: string): Promise<Freeze[]> {
  const { rows } = await db.query<FreezeRow>(
    `select ${freezeColumns} from countersign.freeze
      where lifted_at is null and starts_at <= greatest($1, declared_at) and coalesce(ends_at, 'infinity') > $1`,
    [at],
  );
  return rows.map(freezeOf);
}
