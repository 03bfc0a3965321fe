import type { EntryBody } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/** An entry as it is stored. */
export interface StoredEntry {
  /** Its place in the log, from 0; null until a sequencer has given it one. */
  readonly index: number | null;
  readonly key: string;
  /** The bytes, parsed. */
  readonly body: EntryBody;
  /** Exactly what is hashed. */
  readonly bytes: Uint8Array;
}

/**
 * The entries of a change: those with an index, in order, then those that have none yet, in about the order in which they came.
 *
 * @param page - `afterIndex`: only entries beyond this index (and those without); `limit`: most entries
 * @throws CountersignError `log_unavailable`
 */
export async function entriesOfChange(
  db: Queryable,
  changeId: string,
  page: { readonly afterIndex?: number | undefined; readonly limit: number },
): Promise<StoredEntry[]> {
  try {
    const { rows } = await db.query<{ index: string | null; key: string; bytes: Buffer }>({
      name: 'entries-of-change',
      text: `select l.index, e.event_key as key, e.bytes
         from audit.entry e left join audit.leaf l on l.entry_id = e.id
        where e.change_id = $1 and (l.index is null or l.index > $2)
        order by l.index nulls last, e.id
        limit $3`,
      values: [changeId, page.afterIndex ?? -1, page.limit],
    });
    return rows.map(({ index, key, bytes }) => ({
      index: index === null ? null : Number(index),
      key,
      body: bodyOf(bytes),
      bytes,
    }));
  } catch (error) {
    throw asLogError(error);
  }
}
