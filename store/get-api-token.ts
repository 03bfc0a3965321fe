import { apiTokenColumns, apiTokenOf } from './api-token-columns.ts';
import type { ApiToken, ApiTokenRow } from './api-token-columns.ts';
import type { Queryable } from './queryable.ts';

/** The token of an id, or null. */
export async function getApiToken(db: Queryable, id: string): Promise<ApiToken | null> {
  const { rows } = await db.query<ApiTokenRow>(
    `select ${apiTokenColumns} from countersign.api_token where id = $1`,
    [id],
  );
  return rows[0] ? apiTokenOf(rows[0]) : null;
}
