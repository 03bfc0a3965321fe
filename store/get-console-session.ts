import { consoleSessionColumns, consoleSessionOf } from './console-session.ts';
import type { ConsoleSessionRow, StoredConsoleSession } from './console-session.ts';
import type { Queryable } from './queryable.ts';

/** Which session is looked for, and when it would be over. Times in ISO 8601. */
export interface LiveConsoleSession {
  readonly idHash: Uint8Array;
  readonly now: string;
  /** Whoever did nothing since has no session any more. */
  readonly idleSince: string;
}

/** A session that is not over, or null. */
export async function getConsoleSession(
  db: Queryable,
  { idHash, now, idleSince }: LiveConsoleSession,
): Promise<StoredConsoleSession | null> {
  const { rows } = await db.query<ConsoleSessionRow>({
    name: 'get-console-session',
    text: `select ${consoleSessionColumns} from console.session
            where id_hash = $1 and ends_at > $2 and used_at > $3`,
    values: [idHash, now, idleSince],
  });
  return rows[0] ? consoleSessionOf(rows[0]) : null;
}
