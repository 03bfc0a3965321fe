import type { Owner } from '../domain/installation.ts';
import type { Queryable } from './queryable.ts';

/** Makes this database an installation's, unless it is one's already. */
export async function insertOwner(db: Queryable, { installation, namespace }: Owner): Promise<void> {
  await db.query(
    'insert into countersign.installation (name, namespace) values ($1, $2) on conflict do nothing',
    [installation, namespace],
  );
}
