import { orLogError } from '../../audit/log-error.ts';
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
 * What makes each of some changes up to an index, and what is to be delivered of it. What was delivered and does not move the
 * change is not read again: a change that is held for long has many such entries.
 *
 * @param most - entries after `lastIndex` of each, at most
 * @returns in the order of the places
 */
export async function readHistories(
  db: Queryable,
  places: readonly HistoryPlace[],
  most: number,
): Promise<History[]> {
  const { rows } = await orLogError(
    db.query<{ place: number; index: string; key: string; bytes: Buffer; upTo: string }>({
      name: 'read-histories',
      text: `select p.place::int, h.* from unnest($1::uuid[], $2::bigint[], $3::bigint[])
                    with ordinality as p (change_id, last_index, wanted_index, place)
               cross join lateral (
                 with next as (
                   select l.index from audit.entry e join audit.leaf l on l.entry_id = e.id
                    where e.change_id = p.change_id and l.index > p.last_index and l.index <= p.wanted_index
                    order by l.index limit $4
                 ), bound as (
                   select case when count(*) < $4 then p.wanted_index else max(index) end as index from next
                 )
                 select l.index, e.event_key as key, e.bytes, bound.index as "upTo"
                   from bound, audit.entry e join audit.leaf l on l.entry_id = e.id
                  where e.change_id = p.change_id and l.index <= bound.index
                    and (l.index > p.last_index or e.type = any($5::text[]))
               ) h
              order by p.place, h.index`,
      values: [
        places.map(({ changeId }) => changeId),
        places.map(({ lastIndex }) => lastIndex),
        places.map(({ wantedIndex }) => wantedIndex),
        most,
        eventTypes,
      ],
    }),
  );
  const histories = places.map(({ wantedIndex }) => ({
    entries: [] as DeliveredEntry[],
    upTo: wantedIndex,
  }));
  for (const { place, index, key, bytes, upTo } of rows) {
    const history = histories[place - 1];
    if (!history) continue;
    history.entries.push({ index: Number(index), key, body: bodyOf(bytes) });
    history.upTo = Number(upTo);
  }
  return histories;
}
