import type { Queryable } from '../../store/queryable.ts';

/**
 * Deletes what the outbox keeps of changes that ended and were delivered long ago, with what was remembered for their receivers.
 * Dead letters stay, and so does a change that owes a review: more is to come of it.
 *
 * @param before - ISO 8601: those that had ended, and whose last delivery was, before this
 * @param most - rows at once
 * @returns how many there were
 */
export async function deleteDelivered(db: Queryable, before: string, most: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'delete-delivered',
    text: `with old as (
             select o.subscription, o.change_id from countersign.outbox o
               join countersign.change c on c.id = o.change_id
              where o.wanted_index = o.last_index and o.dead_since is null and o.next_at < $1
                and c.closed_at < $1 and c.document->>'reviewStatus' <> 'owed'
              order by o.next_at limit $2 for update of o skip locked
           )
           delete from countersign.outbox o using old
            where o.subscription = old.subscription and o.change_id = old.change_id`,
    values: [before, most],
  });
  return rowCount ?? 0;
}
