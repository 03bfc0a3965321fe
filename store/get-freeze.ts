import type { Freeze } from '../domain/freeze.ts';
import { freezeColumns, freezeOf } from './freeze-columns.ts';
import type { FreezeRow } from './freeze-columns.ts';
import type { Queryable } from './queryable.ts';

/** The freeze of this id (a UUID), or null when there is none. */
export async function getFreeze(db: Queryable, id: string): Promise<Freeze | null> {
  const { rows } = await db.query<FreezeRow>(
    `select ${freezeColumns} from countersign.freeze where id = $1`,
    [id],
  );
  return rows[0] ? freezeOf(rows[0]) : null;
}
