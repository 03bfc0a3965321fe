import type { JsonObject } from '../../domain/json.ts';
import type { Queryable } from '../../store/queryable.ts';

/** A change that is to be brought to a subscription, taken by this process for some time. */
export interface LeasedRow {
  readonly subscription: string;
  readonly changeId: string;
  /** Of this taking alone: whoever records something shows it. */
  readonly lease: string;
  readonly lastIndex: number;
  readonly wantedIndex: number;
  /** The oldest entry that is not delivered. */
  readonly firstIndex: number;
  readonly attempts: number;
  /** Ms since the epoch. */
  readonly firstFailedAt: number | null;
  readonly memory: JsonObject | null;
}

interface Row extends Omit<LeasedRow, 'lastIndex' | 'wantedIndex' | 'firstIndex' | 'firstFailedAt'> {
  lastIndex: string;
  wantedIndex: string;
  firstIndex: string;
  firstFailedAt: Date | null;
}

/**
 * Takes what is due, the longest due first, for each subscription as many changes as it has room for; none of one whose receiver
 * has asked for rest. Nobody else takes them before `until`: by then, what a process has left undone that is gone is taken again.
 *
 * @param room - how many changes of each subscription
 * @param at - now, ISO 8601
 * @param until - ISO 8601
 */
export async function leaseRows(
  db: Queryable,
  room: ReadonlyMap<string, number>,
  { at, until }: { readonly at: string; readonly until: string },
): Promise<LeasedRow[]> {
  const { rows } = await db.query<Row>({
    name: 'lease-outbox-rows',
    text: `with due as materialized (
             select d.subscription, d.change_id
               from unnest($1::text[], $2::int[]) as r (name, room)
               join countersign.subscription s on s.name = r.name and (s.paused_until is null or s.paused_until <= $3)
              cross join lateral (
                select o.subscription, o.change_id from countersign.outbox o
                 where o.subscription = r.name and o.wanted_index > o.last_index and o.dead_since is null
                   and o.next_at <= $3
                 order by o.next_at, o.first_index limit r.room
                   for update skip locked
              ) d
           )
           update countersign.outbox o set leased_by = gen_random_uuid(), next_at = $4
             from due where o.subscription = due.subscription and o.change_id = due.change_id
           returning o.subscription, o.change_id as "changeId", o.leased_by as lease, o.last_index as "lastIndex",
                     o.wanted_index as "wantedIndex", o.first_index as "firstIndex", o.attempts, o.first_failed_at as "firstFailedAt", o.memory`,
    values: [[...room.keys()], [...room.values()], at, until],
  });
  return rows.map((row) => ({
    ...row,
    lastIndex: Number(row.lastIndex),
    wantedIndex: Number(row.wantedIndex),
    firstIndex: Number(row.firstIndex),
    firstFailedAt: row.firstFailedAt?.getTime() ?? null,
  }));
}
