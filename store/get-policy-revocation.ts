import { policyRevocationColumns } from './policy-revocation.ts';
import type { PolicyRevocation } from './policy-revocation.ts';
import type { Queryable } from './queryable.ts';

/** The revocation of a policy's version, by its digest; null while the version is in force. */
export async function getPolicyRevocation(db: Queryable, digest: string): Promise<PolicyRevocation | null> {
  const { rows } = await db.query<PolicyRevocation>({
    name: 'get-policy-revocation',
    text: `select ${policyRevocationColumns} from countersign.policy_revocation where digest = $1`,
    values: [digest],
  });
  return rows[0] ?? null;
}
