import type { PersonId } from '../domain/person.ts';
import type { Scope } from '../domain/scope.ts';

/** Who issued or revoked a token. */
export type Issuer = PersonId & { readonly name: string };

/** What is known of an API token; its secret is not. Times are ISO 8601. */
export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly issuedBy: Issuer;
  readonly issuedAt: string;
  readonly expiresAt: string;
  readonly revokedAt: string | null;
  readonly revokedBy: Issuer | null;
  /** By the minute; null until its first use. */
  readonly lastUsedAt: string | null;
}

/** A row of countersign.api_token as Postgres answers {@link apiTokenColumns}. */
export interface ApiTokenRow extends Omit<ApiToken, 'issuedAt' | 'expiresAt' | 'revokedAt' | 'lastUsedAt'> {
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** The columns that make an {@link ApiToken}: all but the hash. */
export const apiTokenColumns = `id, name, scopes, issued_by as "issuedBy", issued_at as "issuedAt",
  expires_at as "expiresAt", revoked_at as "revokedAt", revoked_by as "revokedBy", last_used_at as "lastUsedAt"`;

/** A row as an {@link ApiToken}. */
export function apiTokenOf(row: ApiTokenRow): ApiToken {
  return {
    ...row,
    issuedAt: row.issuedAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    revokedAt: row.revokedAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
