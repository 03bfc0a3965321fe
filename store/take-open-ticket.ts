import type { Queryable } from './queryable.ts';

/** A ticket as a change names it, or by the id that its system gives it. */
export interface OpenTicket {
  readonly system: string;
  readonly ticket: string;
  readonly changeId: string;
}

/**
 * Takes a ticket for a change until {@link ./release-target.ts} gives it back. Waits for a concurrent transaction that is
 * taking or releasing the same one.
 *
 * @returns null when the change has it now; otherwise the change that has it
 */
export async function takeOpenTicket(
  db: Queryable,
  { system, ticket, changeId }: OpenTicket,
): Promise<string | null> {
  for (;;) {
    const { rowCount } = await db.query({
      name: 'take-open-ticket',
      text: `insert into countersign.open_ticket (system, ticket, change_id)
       values ($1, $2, $3)
       on conflict (system, ticket) do nothing`,
      values: [system, ticket, changeId],
    });
    if (rowCount === 1) return null;
    const { rows } = await db.query<{ changeId: string }>({
      name: 'get-ticket-holder',
      text: `select change_id as "changeId" from countersign.open_ticket where system = $1 and ticket = $2`,
      values: [system, ticket],
    });
    const holder = rows[0]?.changeId;
    // None: released between the two statements, so it is free now.
    if (holder !== undefined) return holder === changeId ? null : holder;
  }
}
