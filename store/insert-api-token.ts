import type { ApiToken } from './api-token-columns.ts';
import type { Queryable } from './queryable.ts';

/** Keeps a new token: what it may do, until when, and the SHA-256 of its secret (32 bytes). */
export async function insertApiToken(
  db: Queryable,
  token: Pick<ApiToken, 'id' | 'name' | 'scopes' | 'issuedBy' | 'issuedAt' | 'expiresAt'>,
  hash: Uint8Array,
): Promise<void> {
  await db.query(
    `insert into countersign.api_token (id, hash, name, scopes, issued_by, issued_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [token.id, hash, token.name, token.scopes, token.issuedBy, token.issuedAt, token.expiresAt],
  );
}
