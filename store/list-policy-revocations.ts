import { policyRevocationColumns } from './policy-revocation.ts';
import type { PolicyRevocation } from './policy-revocation.ts';
import type { Queryable } from './queryable.ts';

/** Every revoked version, newest first. */
export async function listPolicyRevocations(db: Queryable): Promise<PolicyRevocation[]> {
  const { rows } = await db.query<PolicyRevocation>(
    `select ${policyRevocationColumns} from countersign.policy_revocation order by revoked_at desc, digest`,
  );
  return rows;
}
