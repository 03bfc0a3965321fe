import { bodyOf } from '../../audit/read-body.ts';
import { eventTypes } from '../../domain/event-in.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { DeliveredEntry } from '../sink.ts';

/** What is read of a change for one delivery. */
export interface History {
  /** The entries that move the change, and of those that are to be delivered every other one, in order. */
  readonly entries: readonly DeliveredEntry[];
  /** Up to here nothing that is to be delivered is left out. */
  readonly upTo: number;
}

/** Where a delivery of a change stands. */
export interface HistoryPlace {
  readonly changeId: string;
  /** Everything up to here is delivered. */
  readonly lastIndex: number;
  /** The newest entry that is to be. */
  readonly wantedIndex: number;
}

/**
 * What makes a change up to an index, and what is to be delivered of it. What was delivered and does not move the change is not
 * read again: a change that is held for long has many such entries.
 *
 * @param most - entries after `lastIndex`, at most
 */
export async function readHistory(
  db: Queryable,
  { changeId, lastIndex, wantedIndex }: HistoryPlace,
  most: number,
): Promise<History> {
  const { rows } = await db.query<{ index: string; key: string; bytes: Buffer; upTo: string }>({
    name: 'read-history',
    text: `with next as (
             select l.index from audit.entry e join audit.leaf l on l.entry_id = e.id
              where e.change_id = $1 and l.index > $2 and l.index <= $3 order by l.index limit $4
           ), bound as (
             select case when count(*) < $4 then $3::bigint else max(index) end as index from next
           )
           select l.index, e.event_key as key, e.bytes, bound.index as "upTo"
             from bound, audit.entry e join audit.leaf l on l.entry_id = e.id
            where e.change_id = $1 and l.index <= bound.index and (l.index > $2 or e.type = any($5::text[]))
            order by l.index`,
    values: [changeId, lastIndex, wantedIndex, most, eventTypes],
  });
  const entries = rows.map(({ index, key, bytes }) => ({ index: Number(index), key, body: bodyOf(bytes) }));
  return { entries, upTo: Number(rows[0]?.upTo ?? wantedIndex) };
}
