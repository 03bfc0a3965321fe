import type { Queryable } from '../../store/queryable.ts';

/**
 * Has the changes of tickets read them again: their newest entry is delivered once more, and whoever brings it to a ticket
 * reads the ticket before it writes. A change whose deliveries are under way, fail or wait does so by itself.
 *
 * @param system - the system's name in COUNTERSIGN_INTEGRATIONS
 * @param tickets - keys or ids; a change's ticket is known by the name that the change has for it, and by the id that its
 * subscription keeps
 * @param at - now, ISO 8601
 * @returns how many changes are due
 */
export async function makeDue(
  db: Queryable,
  system: string,
  tickets: readonly string[],
  at: string,
): Promise<number> {
  const { rowCount } = await db.query(
    // Each way to a ticket has an index; a condition that takes either way has none.
    `with found as (
       select o.subscription, o.change_id from countersign.outbox o where o.memory->>'ticket' = any($2)
        union
       select s.name, c.id from countersign.change c, countersign.subscription s
        where c.ticket = any($2) and c.document#>>'{ticket,system}' = $1
          and s.target->>'kind' = 'system' and s.target->>'system' = $1
     )
     update countersign.outbox o
        set last_index = o.wanted_index - 1, first_index = o.wanted_index, due_since = $3, next_at = $3
       from found f, countersign.subscription s
      where o.subscription = f.subscription and o.change_id = f.change_id
        and s.name = o.subscription and s.state = 'active'
        and s.target->>'kind' = 'system' and s.target->>'system' = $1
        and o.last_index = o.wanted_index and o.dead_since is null`,
    [system, tickets, at],
  );
  return rowCount ?? 0;
}
