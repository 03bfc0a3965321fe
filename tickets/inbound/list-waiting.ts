import type { JsonObject } from '../../domain/json.ts';
import type { Queryable } from '../../store/queryable.ts';

/** A hint or a click that nobody has handled. */
export interface WaitingInbound {
  /** Larger for a later one; a text, since it may pass what a number holds. */
  readonly id: string;
  /** The system's name in COUNTERSIGN_INTEGRATIONS. */
  readonly system: string;
  readonly kind: 'hint' | 'click';
  /** Of a hint: names of the one ticket, such as its id and its key. */
  readonly tickets: readonly string[] | null;
  readonly click: JsonObject | null;
  /** ISO 8601. */
  readonly receivedAt: string;
}

/** What waits, the oldest first. The table is the queue: what a lost notification was of is found here as well. */
export async function listWaiting(db: Queryable, limit: number): Promise<WaitingInbound[]> {
  const { rows } = await db.query<Omit<WaitingInbound, 'receivedAt'> & { receivedAt: Date }>(
    `select id::text as id, system, kind, tickets, click, received_at as "receivedAt"
       from countersign.inbound
      where handled_at is null and kind <> 'decision'
      order by id limit $1`,
    [limit],
  );
  return rows.map((row) => ({ ...row, receivedAt: row.receivedAt.toISOString() }));
}
