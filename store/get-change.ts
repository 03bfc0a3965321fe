import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';
import { storedChange, storedColumns } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/** The change as last seen, or null when there is none of this id (a UUID). */
export async function getChange(db: Queryable, id: string): Promise<Change | null> {
  const { rows } = await db.query<StoredChange>({
    name: 'get-change',
    text: `select ${storedColumns} from countersign.change where id = $1`,
    values: [id],
  });
  return rows[0] ? storedChange(rows[0]) : null;
}
