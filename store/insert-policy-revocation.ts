import type { PolicyRevocation } from './policy-revocation.ts';
import type { Queryable } from './queryable.ts';

/** Inserts a revocation, unless that version is revoked already. @returns whether it was inserted */
export async function insertPolicyRevocation(db: Queryable, revocation: PolicyRevocation): Promise<boolean> {
  const { digest, name, version, comment, revokedBy, revokedAt } = revocation;
  const { rowCount } = await db.query(
    `insert into countersign.policy_revocation (digest, name, version, comment, revoked_by, revoked_at)
     values ($1, $2, $3, $4, $5, $6) on conflict (digest) do nothing`,
    [digest, name, version, comment, JSON.stringify(revokedBy), revokedAt],
  );
  return rowCount === 1;
}
