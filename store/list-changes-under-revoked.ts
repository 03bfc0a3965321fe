import type { Change } from '../domain/change.ts';
import { policyRevocationColumns } from './policy-revocation.ts';
import type { PolicyRevocation } from './policy-revocation.ts';
import type { Queryable } from './queryable.ts';
import { storedChange, storedColumns } from './stored-change.ts';
import type { StoredChange } from './stored-change.ts';

/**
 * Open changes whose policy was revoked, by its row and by the log, with the revocation; at most `limit` (default 200),
 * oldest first.
 */
export async function listChangesUnderRevoked(
  db: Queryable,
  limit = 200,
): Promise<{ change: Change; revocation: PolicyRevocation }[]> {
  const { rows } = await db.query<
    PolicyRevocation & Omit<StoredChange, 'version'> & { changeVersion: string }
  >(
    `select c.id, c.version as "changeVersion", c.document, c."submittedAt", r.*
       from (select ${storedColumns}, closed_at from countersign.change) c
       join (select ${policyRevocationColumns} from countersign.policy_revocation) r
         on r.digest = c.document#>>'{policy,digest}'
      where c.closed_at is null
        and exists (select from audit.entry e where e.type = 'policy.revoked' and audit.rule(e.bytes) = r.digest)
      order by c."submittedAt", c.id limit $1`,
    [limit],
  );
  return rows.map(({ id, changeVersion: version, document, submittedAt, ...revocation }) => ({
    change: storedChange({ id, version, document, submittedAt }),
    revocation,
  }));
}
