import type { Change } from '../domain/change.ts';
import type { Queryable } from './queryable.ts';

/** The change that a person's key made, with the digest of the body that it came with; null for an unused key. */
export async function getChangeByKey(
  db: Queryable,
  of: { readonly issuer: string; readonly subject: string; readonly key: string },
): Promise<{ change: Change; bodyDigest: string } | null> {
  const { rows } = await db.query<{ change: Change; bodyDigest: string }>({
    name: 'get-change-by-key',
    text: `select c.document as change, k.body_digest as "bodyDigest"
       from countersign.idempotency_key k join countersign.change c on c.id = k.change_id
      where k.issuer = $1 and k.subject = $2 and k.key = $3`,
    values: [of.issuer, of.subject, of.key],
  });
  return rows[0] ?? null;
}
