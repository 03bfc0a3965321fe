import type { JsonObject } from '../domain/json.ts';
import type { Queryable } from './queryable.ts';

/** A delivery of another system whose signature was verified. */
export interface InboundDelivery {
  /** The system's name in COUNTERSIGN_INTEGRATIONS. */
  readonly system: string;
  readonly deliveryId: string;
  readonly kind: 'hint' | 'click' | 'decision';
  /** Of a hint: names of the one ticket, such as its id and its key. */
  readonly tickets: readonly string[] | null;
  /** Of a click: what opens the form. */
  readonly click: JsonObject | null;
  /** SHA-256 of the raw body, lower-case hex. */
  readonly bodyDigest: string;
  /** ISO 8601. */
  readonly receivedAt: string;
}

/**
 * Takes a delivery in. Whoever listens on `countersign_inbound` hears of a hint and of a click.
 * @returns false when it was taken in before, and not released since
 */
export async function insertInbound(db: Queryable, delivery: InboundDelivery): Promise<boolean> {
  const { system, deliveryId, kind, tickets, click, bodyDigest, receivedAt } = delivery;
  const { rowCount } = await db.query(
    `insert into countersign.inbound as taken
       (system, delivery_id, kind, tickets, click, body_digest, received_at)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (system, delivery_id) do update set is_released = false where taken.is_released`,
    [system, deliveryId, kind, tickets, click && JSON.stringify(click), bodyDigest, receivedAt],
  );
  return rowCount === 1;
}
