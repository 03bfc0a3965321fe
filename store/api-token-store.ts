import type { ApiToken } from './api-token-columns.ts';
import { findApiToken } from './find-api-token.ts';
import type { Queryable } from './queryable.ts';
import { useApiToken } from './use-api-token.ts';

/** What verifying an API token asks of Postgres. */
export function apiTokenStore(db: Queryable): {
  find(hash: Uint8Array): Promise<ApiToken | null>;
  use(id: string, at: string): Promise<void>;
} {
  return {
    find: (hash) => findApiToken(db, hash),
    use: (id, at) => useApiToken(db, id, at),
  };
}
