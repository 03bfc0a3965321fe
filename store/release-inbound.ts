import type { Queryable } from './queryable.ts';

/** Lets a decision come again: nothing came of it here. */
export async function releaseInbound(db: Queryable, system: string, deliveryId: string): Promise<void> {
  await db.query(
    `update countersign.inbound set is_released = true
      where system = $1 and delivery_id = $2 and kind = 'decision'`,
    [system, deliveryId],
  );
}
