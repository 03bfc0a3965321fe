import type { Queryable } from './queryable.ts';

/** Whether a delivery was taken in before. */
export async function hasInbound(db: Queryable, system: string, deliveryId: string): Promise<boolean> {
  const { rowCount } = await db.query(
    'select from countersign.inbound where system = $1 and delivery_id = $2 and not is_released',
    [system, deliveryId],
  );
  return rowCount === 1;
}
