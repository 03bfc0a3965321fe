import type { JsonObject } from '../../domain/json.ts';
import type { Queryable } from '../../store/queryable.ts';
import type { LeasedRow } from './lease-rows.ts';

/**
 * Keeps what a sink wants to know of a change next time.
 * @throws Error when another process has taken the change over: then whoever asked stops
 */
export async function saveMemory(
  db: Queryable,
  { subscription, changeId, lease }: Pick<LeasedRow, 'subscription' | 'changeId' | 'lease'>,
  memory: JsonObject,
): Promise<void> {
  const { rowCount } = await db.query({
    name: 'save-outbox-memory',
    text: `update countersign.outbox set memory = $4 where subscription = $1 and change_id = $2 and leased_by = $3`,
    values: [subscription, changeId, lease, memory],
  });
  if (rowCount !== 1) throw new Error('another process delivers this change now');
}
