import type { EntryBody } from '../domain/entry.ts';
import type { Queryable } from '../store/queryable.ts';
import { asLogError } from './log-error.ts';
import { bodyOf } from './read-body.ts';

/** What the log tells of a change's ticket, sealed or not; null: nothing yet. */
export interface TicketChecks {
  /** The first `ticket.checked` by which a ticket was read. */
  readonly first: EntryBody | null;
  /** The last `ticket.checked`, whatever it tells. */
  readonly last: EntryBody | null;
}

/**
 * The first and the last entry that tell what was read of a change's ticket. A change that is held for long may have many.
 * @throws CountersignError `log_unavailable`
 */
export async function findTicketChecks(db: Queryable, changeId: string): Promise<TicketChecks> {
  try {
    const { rows } = await db.query<{ first: Buffer | null; last: Buffer | null }>({
      name: 'find-ticket-checks',
      text: `select
          (select bytes from audit.entry where change_id = $1 and type = 'ticket.checked'
              and convert_from(bytes, 'utf8')::json #>> '{read,id}' is not null order by id limit 1) as first,
          (select bytes from audit.entry where change_id = $1 and type = 'ticket.checked'
            order by id desc limit 1) as last`,
      values: [changeId],
    });
    const { first = null, last = null } = rows[0] ?? {};
    return { first: first && bodyOf(first), last: last && bodyOf(last) };
  } catch (error) {
    throw asLogError(error);
  }
}
