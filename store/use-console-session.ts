import type { Queryable } from './queryable.ts';

/**
 * Notes in which minute a session was last used; within the same minute it writes nothing. While somebody has locked the session,
 * who may be waiting for the provider, it is left to the next use. `at`: ISO 8601.
 */
export async function useConsoleSession(db: Queryable, idHash: Uint8Array, at: string): Promise<void> {
  await db.query(
    `update console.session set used_at = date_trunc('minute', $2::timestamptz)
      where id_hash = (select id_hash from console.session
                        where id_hash = $1 and used_at < date_trunc('minute', $2::timestamptz)
                          for update skip locked)`,
    [idHash, at],
  );
}
