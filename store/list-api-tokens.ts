import { apiTokenColumns, apiTokenOf } from './api-token-columns.ts';
import type { ApiToken, ApiTokenRow } from './api-token-columns.ts';
import type { Queryable } from './queryable.ts';

/** Tokens, the newest first; `before`: only those issued before this one. */
export async function listApiTokens(
  db: Queryable,
  before: { readonly issuedAt: string; readonly id: string } | null,
  limit: number,
): Promise<ApiToken[]> {
  const { rows } = await db.query<ApiTokenRow>(
    `select ${apiTokenColumns} from countersign.api_token
      where $1::timestamptz is null or (issued_at, id) < ($1::timestamptz, $2::uuid)
      order by issued_at desc, id desc limit $3`,
    [before?.issuedAt ?? null, before?.id ?? null, limit],
  );
  return rows.map(apiTokenOf);
}
