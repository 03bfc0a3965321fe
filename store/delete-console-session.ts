import { consoleSessionColumns, consoleSessionOf } from './console-session.ts';
import type { ConsoleSessionRow, StoredConsoleSession } from './console-session.ts';
import type { Queryable } from './queryable.ts';

/** Ends a session; answers what it was, or null where there is none. */
export async function deleteConsoleSession(
  db: Queryable,
  idHash: Uint8Array,
): Promise<StoredConsoleSession | null> {
  const { rows } = await db.query<ConsoleSessionRow>(
    `delete from console.session where id_hash = $1 returning ${consoleSessionColumns}`,
    [idHash],
  );
  return rows[0] ? consoleSessionOf(rows[0]) : null;
}
