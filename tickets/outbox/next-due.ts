import type { Queryable } from '../../store/queryable.ts';

/** When the next change of these subscriptions is due, ms since the epoch; null where none is. */
export async function nextDue(db: Queryable, names: readonly string[]): Promise<number | null> {
  const { rows } = await db.query<{ at: Date | null }>({
    name: 'next-due',
    text: `select min(d.next_at) as at from unnest($1::text[]) as r (name)
            cross join lateral (
              select o.next_at from countersign.outbox o
               where o.subscription = r.name and o.wanted_index > o.last_index and o.dead_since is null
               order by o.next_at limit 1
            ) d`,
    values: [names],
  });
  return rows[0]?.at?.getTime() ?? null;
}
