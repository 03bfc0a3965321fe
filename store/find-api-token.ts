import { apiTokenColumns, apiTokenOf } from './api-token-columns.ts';
import type { ApiToken, ApiTokenRow } from './api-token-columns.ts';
import type { Queryable } from './queryable.ts';

/** The token whose secret has this SHA-256, valid or not, or null. */
export async function findApiToken(db: Queryable, hash: Uint8Array): Promise<ApiToken | null> {
  const { rows } = await db.query<ApiTokenRow>(
    `select ${apiTokenColumns} from countersign.api_token where hash = $1`,
    [hash],
  );
  return rows[0] ? apiTokenOf(rows[0]) : null;
}
