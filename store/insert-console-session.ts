import type { StoredConsoleSession } from './console-session.ts';
import type { Queryable } from './queryable.ts';

/** Begins a session of the console. */
export async function insertConsoleSession(
  db: Queryable,
  { idHash, sealed, startedAt, usedAt, endsAt }: StoredConsoleSession,
): Promise<void> {
  await db.query(
    `insert into console.session (id_hash, sealed, started_at, used_at, ends_at) values ($1, $2, $3, $4, $5)`,
    [idHash, sealed, startedAt, usedAt, endsAt],
  );
}
