import type { Pool } from 'pg';
import { appendEntry } from '../audit/append.ts';
import { workflowIdOf } from '../domain/change.ts';
import { ticketDiverged, ticketLinked } from '../domain/ticket-entries.ts';
import { isoTime } from '../domain/time.ts';
import { findEntry } from '../audit/find-entry.ts';
import type { TicketReports } from '../tickets/ticket-job.ts';

/** Writes what becomes of one system's tickets into the log, as the deliverer. @param namespace - Temporal's */
export function ticketReports(pool: Pool, namespace: string, system: string): TicketReports {
  /** The first one stands: a repeat has another time. */
  async function once(draft: Parameters<typeof appendEntry>[1]): Promise<void> {
    if (!(await findEntry(pool, draft.key))) await appendEntry(pool, draft);
  }
  return {
    async linked({ change, ticket: { id, key, url }, made }) {
      const place = { namespace, of: workflowIdOf(change.id) };
      await once(ticketLinked(place, change, { system, id, key, url, isMade: made }, isoTime(Date.now())));
    },
    async diverged({ change, ticket: { id, key, phase, state }, wanted, why }) {
      const place = { namespace, of: workflowIdOf(change.id), ordinal: `${system}/${id}/${why}` };
      const diverged = { system, id, key, wanted, phase, state, why };
      await once(ticketDiverged(place, change, diverged, isoTime(Date.now())));
    },
  };
}
