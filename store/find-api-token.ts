import { apiTokenColumns, apiTokenOf } from './api-token-columns.ts';
import type { ApiToken, ApiTokenRow } from './api-token-columns.ts';
import { isInLog } from './is-in-log.ts';
import { momentText } from './moment-text.ts';
import type { Queryable } from './queryable.ts';

/**
 * The token whose secret has this SHA-256, valid or not, or null. A row that is not as the log tells of it is no token: it has
 * the secret, the end, the scopes and the issuer of its `token.issued`, and is revoked where a `token.revoked` says so.
 */
export async function findApiToken(db: Queryable, hash: Uint8Array): Promise<ApiToken | null> {
  const { rows } = await db.query<ApiTokenRow>(
    `select ${apiTokenColumns} from countersign.api_token t
      where hash = $1
        and exists (select from audit.entry i
          where i.type = 'token.issued' and audit.rule(i.bytes) = t.id::text and ${isInLog('i')}
            and audit.told(i.bytes, '{token,fingerprint}') = t.fingerprint
            and audit.told(i.bytes, '{token,expiresAt}') = ${momentText('t.expires_at')}
            and audit.told(i.bytes, '{token,scopes}')::jsonb = to_jsonb(t.scopes)
            and audit.told(i.bytes, '{actor,issuer}') = t.issued_by->>'issuer'
            and audit.told(i.bytes, '{actor,subject}') = t.issued_by->>'subject')
        and (revoked_at is not null) = exists (select from audit.entry r
          where r.type = 'token.revoked' and audit.rule(r.bytes) = t.id::text)`,
    [hash],
  );
  return rows[0] ? apiTokenOf(rows[0]) : null;
}
