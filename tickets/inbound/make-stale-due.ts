import type { Queryable } from '../../store/queryable.ts';

/**
 * The sweep: has changes read their tickets again of which nothing was heard or delivered for long, since the webhook of a
 * ticket may have been lost. Changes that have ended are looked at for some time as well.
 *
 * @param system - the system's name in COUNTERSIGN_INTEGRATIONS
 * @param times - ISO 8601. `at`: now; `before`: those whose last delivery is older; `endedAfter`: and that have not ended
 * before this
 * @returns how many changes are due
 */
export async function makeStaleDue(
  db: Queryable,
  system: string,
  { at, before, endedAfter }: { readonly at: string; readonly before: string; readonly endedAfter: string },
): Promise<number> {
  const { rowCount } = await db.query(
    // From the changes that count: there are many more rows of changes that have ended long ago. Written with =, what is delivered
    // would be looked for by its index, which has all of those.
    `with looked_at as (
       select id from countersign.change where closed_at is null
        union all
       select id from countersign.change where closed_at >= $4
     )
     update countersign.outbox o
        set last_index = o.wanted_index - 1, first_index = o.wanted_index, due_since = $2, next_at = $2
       from countersign.subscription s, looked_at c
      where s.name = o.subscription and s.state = 'active'
        and s.target->>'kind' = 'system' and s.target->>'system' = $1
        and c.id = o.change_id
        and o.last_index >= o.wanted_index and o.dead_since is null and o.next_at < $3
        and o.memory->>'ticket' is not null`,
    [system, at, before, endedAfter],
  );
  return rowCount ?? 0;
}
