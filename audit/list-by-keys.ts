import type { EntryBody } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/**
 * The bodies of the entries that have one of these keys, sealed or not, in the order of their appending. One that somebody has
 * edited so that it is none is of no type.
 * @throws CountersignError `log_unavailable`
 */
export async function listByKeys(db: Queryable, keys: readonly string[]): Promise<EntryBody[]> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>({
      name: 'list-by-keys',
      text: 'select bytes from audit.entry where event_key = any($1) order by id',
      values: [keys],
    });
    return rows.map(({ bytes }) => bodyOf(bytes));
  } catch (error) {
    throw asLogError(error);
  }
}
