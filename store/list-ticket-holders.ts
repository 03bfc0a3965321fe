import type { Queryable } from './queryable.ts';

/**
 * The open changes that hold a ticket; most often one or none.
 * @param names - the names that the ticket goes by in its system, such as its id and its key
 */
export async function listTicketHolders(
  db: Queryable,
  system: string,
  names: readonly string[],
): Promise<string[]> {
  const { rows } = await db.query<{ changeId: string }>({
    name: 'list-ticket-holders',
    text: `select distinct change_id as "changeId" from countersign.open_ticket
            where system = $1 and ticket = any($2)`,
    values: [system, names],
  });
  return rows.map(({ changeId }) => changeId);
}
