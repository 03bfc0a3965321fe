/* The rows of rules as JSON, each in the form in which its entries tell of it. */

const moment = (column: string) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** A row of `countersign.freeze` as a Freeze. */
export const freezeRow = `json_build_object('id', id, 'operation', operation, 'scope', scope,
  'startsAt', ${moment('starts_at')}, 'endsAt', ${moment('ends_at')}, 'reason', reason,
  'declaredBy', declared_by, 'declaredAt', ${moment('declared_at')},
  'liftedBy', lifted_by, 'liftedAt', ${moment('lifted_at')})`;

/** A row of `countersign.freeze_override` as a FreezeOverride. */
export const overrideRow = `json_build_object('freezeId', freeze_id, 'changeId', change_id, 'digest', digest,
  'by', overridden_by, 'at', ${moment('overridden_at')})`;

/** A row of `countersign.policy_revocation` as a LoggedRevocation. */
export const revocationRow = `json_build_object('digest', digest, 'name', name, 'version', version,
  'comment', comment, 'revokedBy', revoked_by, 'revokedAt', ${moment('revoked_at')})`;

/** A row of `countersign.api_token` as a LoggedToken: without its hash, and its use, of which no entry tells. */
export const tokenRow = `json_build_object('id', id, 'fingerprint', fingerprint, 'name', name, 'scopes', scopes, 'issuedBy', issued_by,
  'issuedAt', ${moment('issued_at')}, 'expiresAt', ${moment('expires_at')},
  'revokedBy', revoked_by, 'revokedAt', ${moment('revoked_at')})`;
