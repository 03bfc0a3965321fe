import type { PoolClient } from 'pg';
import { consoleSessionColumns, consoleSessionOf } from './console-session.ts';
import type { ConsoleSessionRow, StoredConsoleSession } from './console-session.ts';
import type { LiveConsoleSession } from './get-console-session.ts';

/** A session that is not over, which nobody else locks, saves or ends until this transaction is over; or null. */
export async function lockConsoleSession(
  client: PoolClient,
  { idHash, now, idleSince }: LiveConsoleSession,
): Promise<StoredConsoleSession | null> {
  const { rows } = await client.query<ConsoleSessionRow>(
    `select ${consoleSessionColumns} from console.session
      where id_hash = $1 and ends_at > $2 and used_at > $3 for update`,
    [idHash, now, idleSince],
  );
  return rows[0] ? consoleSessionOf(rows[0]) : null;
}
