import { momentText } from '../store/moment-text.ts';

/* The rows of rules as JSON, each in the form in which its entries tell of it. */

/** A row of `countersign.freeze` as a Freeze. */
export const freezeRow = `json_build_object('id', id, 'operation', operation, 'scope', scope,
  'startsAt', ${momentText('starts_at')}, 'endsAt', ${momentText('ends_at')}, 'reason', reason,
  'declaredBy', declared_by, 'declaredAt', ${momentText('declared_at')},
  'liftedBy', lifted_by, 'liftedAt', ${momentText('lifted_at')})`;

/** A row of `countersign.freeze_override` as a FreezeOverride. */
export const overrideRow = `json_build_object('freezeId', freeze_id, 'changeId', change_id, 'digest', digest,
  'by', overridden_by, 'at', ${momentText('overridden_at')})`;

/** A row of `countersign.policy_revocation` as a LoggedRevocation. */
export const revocationRow = `json_build_object('digest', digest, 'name', name, 'version', version,
  'comment', comment, 'revokedBy', revoked_by, 'revokedAt', ${momentText('revoked_at')})`;

/** A row of `countersign.api_token` as a LoggedToken: without its hash, and its use, of which no entry tells. */
export const tokenRow = `json_build_object('id', id, 'fingerprint', fingerprint, 'name', name, 'scopes', scopes, 'issuedBy', issued_by,
  'issuedAt', ${momentText('issued_at')}, 'expiresAt', ${momentText('expires_at')},
  'revokedBy', revoked_by, 'revokedAt', ${momentText('revoked_at')})`;
