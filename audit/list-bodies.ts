import type { EntryBody, EventType } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';

/**
 * The bodies of a change's entries of some types, sealed or not, in the order of their appending.
 * @throws CountersignError `log_unavailable`
 */
export async function listBodies(
  db: Queryable,
  changeId: string,
  types: readonly EventType[],
): Promise<EntryBody[]> {
  try {
    const { rows } = await db.query<{ bytes: Buffer }>({
      name: 'list-bodies',
      text: 'select bytes from audit.entry where change_id = $1 and type = any($2) order by id',
      values: [changeId, types],
    });
    return rows.map(({ bytes }) => JSON.parse(bytes.toString('utf8')) as EntryBody);
  } catch (error) {
    throw asLogError(error);
  }
}
