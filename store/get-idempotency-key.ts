import type { Queryable } from './queryable.ts';

/** What a person's key stands for, or null when they never used it. */
export async function getIdempotencyKey(
  db: Queryable,
  of: { readonly issuer: string; readonly subject: string; readonly key: string },
): Promise<{ changeId: string; bodyDigest: string } | null> {
  const { rows } = await db.query<{ changeId: string; bodyDigest: string }>(
    `select change_id as "changeId", body_digest as "bodyDigest"
       from countersign.idempotency_key where issuer = $1 and subject = $2 and key = $3`,
    [of.issuer, of.subject, of.key],
  );
  return rows[0] ?? null;
}
