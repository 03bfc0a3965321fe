import type { Queryable } from './queryable.ts';

/** Notes in which minute a token was last used; within the same minute it writes nothing. `at`: ISO 8601. */
export async function useApiToken(db: Queryable, id: string, at: string): Promise<void> {
  await db.query(
    `update countersign.api_token set last_used_at = date_trunc('minute', $2::timestamptz)
      where id = $1 and (last_used_at is null or last_used_at < date_trunc('minute', $2::timestamptz))`,
    [id, at],
  );
}
