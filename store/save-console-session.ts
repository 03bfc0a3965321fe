import type { Queryable } from './queryable.ts';

/** Keeps what a session holds from now on. */
export async function saveConsoleSession(
  db: Queryable,
  idHash: Uint8Array,
  sealed: Uint8Array,
): Promise<void> {
  await db.query('update console.session set sealed = $2 where id_hash = $1', [idHash, sealed]);
}
