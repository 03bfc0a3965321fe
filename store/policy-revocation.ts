import type { Person } from '../domain/person.ts';

/** A revoked version of an approval policy. */
export interface PolicyRevocation {
  /** Of the pinned policy: 64 hex digits. */
  readonly digest: string;
  readonly name: string;
  readonly version: string;
  readonly comment: string;
  readonly revokedBy: Person;
  /** ISO 8601. */
  readonly revokedAt: string;
}

/** A row's columns as a {@link PolicyRevocation}. */
export const policyRevocationColumns = `digest, name, version, comment, revoked_by as "revokedBy",
  to_char(revoked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "revokedAt"`;
