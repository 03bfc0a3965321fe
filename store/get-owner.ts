import type { Owner } from '../domain/installation.ts';
import type { Queryable } from './queryable.ts';

/** Whose this database is; null while it is nobody's. */
export async function getOwner(db: Queryable): Promise<Owner | null> {
  const { rows } = await db.query<Owner>(
    'select name as installation, namespace from countersign.installation',
  );
  return rows[0] ?? null;
}
