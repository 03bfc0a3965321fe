import type { Issuer } from './api-token-columns.ts';
import type { Queryable } from './queryable.ts';

/**
 * Revokes a token, for good.
 *
 * @param at - ISO 8601
 * @returns false when there is none with this id, or it was revoked before
 */
export async function revokeApiToken(
  db: Queryable,
  { id, by, at }: { readonly id: string; readonly by: Issuer; readonly at: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update countersign.api_token set revoked_at = $2, revoked_by = $3 where id = $1 and revoked_at is null`,
    [id, at, by],
  );
  return rowCount === 1;
}
