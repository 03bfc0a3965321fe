import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';
import { storedChange, storedColumns } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/** The change that a person's key made, with the digest of the body that it came with; null for an unused key. */
export async function getChangeByKey(
  db: Queryable,
  of: { readonly issuer: string; readonly subject: string; readonly key: string },
): Promise<{ change: Change; bodyDigest: string } | null> {
  const { rows } = await db.query<StoredChange & { bodyDigest: string }>({
    name: 'get-change-by-key',
    text: `select c.*, k.body_digest as "bodyDigest"
       from countersign.idempotency_key k
       join (select ${storedColumns} from countersign.change) c on c.id = k.change_id
      where k.issuer = $1 and k.subject = $2 and k.key = $3`,
    values: [of.issuer, of.subject, of.key],
  });
  const [row] = rows;
  return row ? { change: storedChange(row), bodyDigest: row.bodyDigest } : null;
}
