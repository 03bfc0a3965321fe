import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/** The change as last seen, or null when there is none of this id (a UUID). */
export async function getChange(db: Queryable, id: string): Promise<Change | null> {
  const { rows } = await db.query<{ document: Change }>({
    name: 'get-change',
    text: 'select document from countersign.change where id = $1',
    values: [id],
  });
  return rows[0]?.document ?? null;
}
