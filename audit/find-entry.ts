import type { EntryBody } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * The body of the entry with a key, or null while there is none.
 * @throws CountersignError `log_unavailable`
 */
export async function findEntry(db: Queryable, key: string): Promise<EntryBody | null> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>({
      name: 'find-entry',
      text: 'select bytes from audit.entry where event_key = $1',
      values: [key],
    });
    const bytes = rows[0]?.bytes;
    return bytes ? (JSON.parse(bytes.toString('utf8')) as EntryBody) : null;
  } catch (error) {
    throw asLogError(error);
  }
}
