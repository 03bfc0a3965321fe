import type { Queryable } from './queryable.ts';

/** Name and version of the policy with a digest, as some change has pinned it, or null when none has. */
export async function findPolicyVersion(
  db: Queryable,
  digest: string,
): Promise<{ name: string; version: string } | null> {
  const { rows } = await db.query<{ name: string; version: string }>(
    `select document#>>'{policy,name}' as name, document#>>'{policy,version}' as version
       from countersign.change where document#>>'{policy,digest}' = $1 limit 1`,
    [digest],
  );
  return rows[0] ?? null;
}
